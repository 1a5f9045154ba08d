// The server on the newer Node.
import { expect, it } from '@jest/globals';
import { testDatabase } from '../support/database.js';
import { startServer } from '../support/server-process.js';
import { node24 } from './node-versions.js';

it.each(['postgres', 'embedded'] as const)('starts, answers and stops by itself on Node 24 with %s', async (kind) => {
  const database = await testDatabase(kind);
  const server = await startServer({ env: database.env, node: node24 });
  const health = await fetch(`${server.url}/health`);
  await health.body?.cancel();
  expect(health.status).toBe(200);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  await database.drop();
});
