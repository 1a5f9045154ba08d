// A server that a test file mistreats, with somebody on it who does nothing wrong: after every test the process must be
// the same, ready, and must have answered the bystander; and at no time may it have met an error of its own.
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { memoryOf } from '../support/metrics.js';
import { connectRaw, type RawSocketIo } from '../support/raw-socketio.js';
import { isReady, startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';

const unlimited = { PUBLISH_RATE: '0', MAX_CONNECTIONS_PER_USER: '0' };

export interface WatchedServer {
  readonly url: string;
  readonly process: ServerProcess;
  /** Resident memory after the start, in MiB. */
  readonly memoryBefore: number;
  /** To be closed at the end of the test. */
  open(connection: Promise<RawSocketIo>): Promise<RawSocketIo>;
}

/**
 * Starts it before the tests of the file and ends it after them. Users have as many connections as they like, publishers
 * send as much as they like.
 */
export function watchServer(env: Record<string, string> = {}): WatchedServer {
  let database: TestDatabase;
  let server: ServerProcess;
  let bystander: RawSocketIo;
  let pid: number;
  let memoryBefore: number;
  const opened: RawSocketIo[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    server = await startServer({ env: { ...database.env, ...unlimited, ...env } });
    pid = server.pid;
    bystander = await connectRaw(server.url, testToken({ user: 'bystander', roles: ['publisher'] }));
    memoryBefore = await memoryOf(server.url);
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) connection.close();
    expect([server.pid, await isReady(server.url)]).toEqual([pid, true]);
    expect((await bystander.ask('debug:rooms', {})).status).toBe('success');
    expect(server.logs()).not.toContain('internal error');
  });
  afterAll(async () => {
    bystander.close();
    await server.stop();
    await database.drop();
  });

  return {
    get url() {
      return server.url;
    },
    get process() {
      return server;
    },
    get memoryBefore() {
      return memoryBefore;
    },
    async open(connection) {
      const open = await connection;
      opened.push(open);
      return open;
    },
  };
}
