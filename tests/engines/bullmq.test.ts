// The example for BullMQ: a real Redis, its worker as a process of its own, beside a real server.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureInstalled } from '../../scripts/install.mjs';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { Heard } from '../support/plain-client.js';
import { startProgram } from '../support/program.js';
import { redisUrl } from '../support/services.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

const folder = fileURLToPath(new URL('../../examples/bullmq', import.meta.url));
let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  ensureInstalled(folder, { dev: false });
  database = await testDatabase();
  server = await startServer({ env: database.env });
}, 300_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

it('a job is told from its start to its one end, also when it is tried again', async () => {
  const { bot, ada } = teamAt(server.url);
  const { hostname, port } = new URL(await redisUrl());
  const env = { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: bot.credential, REDIS_HOST: hostname, REDIS_PORT: port };
  const worker = startProgram(process.execPath, ['worker.mjs'], { cwd: folder, env });
  await eventually(() => expect(worker.printed()).toContain('waiting for jobs'));
  for (const job of [
    ['quick', '3'],
    ['shaky', '4', '2'],
  ]) {
    expect(await startProgram(process.execPath, ['enqueue.mjs', ...job], { cwd: folder, env }).ended).toBe(0);
  }
  await eventually(() => expect(worker.printed()).toContain('shaky: done in attempt 2'));
  const eventsOf = async (id: string) => (await ada.get(`/rooms/workflow:${id}/events`)).body.events as Heard[];
  for (const [id, pages, attempts] of [
    ['quick', 3, [1]],
    ['shaky', 4, [1, 2]],
  ] as const) {
    const events = await eventsOf(id);
    expect(events.filter(({ event }) => event !== 'workflow.progress')).toMatchObject([
      { event: 'workflow.started', data: { name: 'analysis', project_id: '42' } },
      { event: 'workflow.completed', data: { result: { pages } } },
    ]);
    const told = events.flatMap(({ data }) => (data.attempt ? [data.attempt] : []));
    expect([...new Set(told)]).toEqual(attempts);
  }
  expect(await worker.stop()).toBe(0);
});
