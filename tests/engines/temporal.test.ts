// The example for Temporal, in Temporal's own environment for tests, beside a real server.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureInstalled } from '../../scripts/install.mjs';
import { testDatabase, type TestDatabase } from '../support/database.js';
import type { Heard } from '../support/plain-client.js';
import { startProgram } from '../support/program.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

const folder = fileURLToPath(new URL('../../examples/temporal', import.meta.url));
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

it('an activity tells of its attempts; one that Temporal has given up tells nothing more', async () => {
  const { bot, ada } = teamAt(server.url);
  const env = { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: bot.credential };
  const program = startProgram(process.execPath, ['try.mjs', 'wf-temporal'], { cwd: folder, env });
  expect(await program.ended).toBe(0);
  expect(program.printed().filter((line) => line.startsWith('attempt'))).toEqual([
    'attempt 1: page 4 cannot be read',
    'attempt 2: 6 pages',
    expect.stringMatching(/^attempt 1 again: Nothing more is told of wf-temporal/),
  ]);
  const { body } = await ada.get('/rooms/workflow:wf-temporal/events');
  const events = body.events as Heard[];
  expect(events.filter(({ event }) => event !== 'workflow.progress').map(({ event }) => event)).toEqual([
    'workflow.started',
    'workflow.completed',
  ]);
  const steps = events.map(({ data }) => [data.attempt, data.current_step]).filter(([attempt]) => attempt);
  expect(steps.slice(0, 6)).toEqual([
    [1, 'page 1'],
    [1, 'page 2'],
    [1, 'page 3'],
    [2, 'page 4'],
    [2, 'page 5'],
    [2, 'page 6'],
  ]);
});
