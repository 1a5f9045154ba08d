// @roomcast/client/testing: a server in memory for the tests of applications.
export { createFakeServer } from './fake-server.js';
export type { FakeCommand, FakeEmitOptions, FakeHandler, FakeServer, FakeServerOptions } from './fake-server.js';
export type { FakeError } from './fake-connection.js';
