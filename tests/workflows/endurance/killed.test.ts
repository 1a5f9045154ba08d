// The only node is killed with kill -9, or told to end, while it works: what was started goes on after the next start,
// with the first step that was not finished, and is told once how it has ended.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt } from '../../support/caller.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { openNaiveClient, type NaiveClient } from '../../support/naive-client.js';
import { faultsOf } from '../../support/once-in-order.js';
import type { Heard } from '../../support/plain-client.js';
import { startServer, type ServerProcess } from '../../support/server-process.js';
import { teamAt, type Team } from '../../support/team.js';
import { endsOf } from '../told.js';

const program = fileURLToPath(new URL('../host-program.mjs', import.meta.url));

let database: TestDatabase;
let server: ServerProcess;
let notes: string;
const clients: NaiveClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  notes = join(database.dataDir, 'notes');
  server = await startServer({ env: { ...database.env, NOTES: notes, DRAIN_SECONDS: '1' }, program });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function watch({ tenant }: Team, ...rooms: string[]): Promise<NaiveClient> {
  const { credential: token } = callerAt(server.url, { user: `watcher-${clients.length}`, tenant });
  const client = openNaiveClient(server.url, { token, rooms });
  clients.push(client);
  await eventually(() => client.settled);
  return client;
}

/** The steps that a run has done, in order. */
async function done(label: string): Promise<string[]> {
  const lines = (await readFile(notes, 'utf8').catch(() => '')).split('\n');
  return lines.filter((line) => line.startsWith(`${label} `)).map((line) => line.slice(label.length + 1));
}

async function run(team: Team, label: string, input: object = {}): Promise<void> {
  const body = { name: 'five-steps', id: label, input: { label, ...input }, project_id: '42' };
  expect((await team.ada.post('/workflows', body)).status).toBe(202);
}

async function ended(team: Team, id: string): Promise<Record<string, unknown>> {
  return eventually(
    async () => {
      const { body } = await team.ada.get(`/workflows/${id}`);
      if (typeof body.finished_at !== 'string') throw new Error(JSON.stringify(body));
      return body;
    },
    { withinMs: 30_000 },
  );
}

async function log({ ada }: Team): Promise<Heard[]> {
  return (await ada.get('/rooms/project:42/events?limit=500')).body.events as Heard[];
}

/** Progress by attempt: of one attempt it never falls. */
function isMonotone(events: readonly Heard[]): boolean {
  const last = new Map<unknown, number>();
  return events.every(({ data: { attempt, progress } }) => {
    const fine = Number(progress) >= (last.get(attempt) ?? 0);
    last.set(attempt, Number(progress));
    return fine;
  });
}

async function isToldOnce(team: Team, id: string, watchers: readonly NaiveClient[]): Promise<void> {
  // A catch-up leaves out progress that newer progress has replaced, and nothing else.
  const isFact = ({ event }: Heard) => event !== 'workflow.progress';
  const facts = (await log(team)).filter(isFact);
  for (const watcher of watchers) {
    await eventually(() => expect(faultsOf(watcher.got.filter(isFact), facts)).toEqual([]), { withinMs: 30_000 });
    const offsets = watcher.got.map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => Number(a) - Number(b)));
    const own = watcher.got.filter(({ data }) => data.workflow_id === id);
    expect(endsOf(own)).toEqual([own.at(-1)]);
    expect(isMonotone(own.filter(({ event }) => event === 'workflow.progress'))).toBe(true);
  }
}

describe('a run in its third step of five', () => {
  it('goes on there when the only node was killed and started again', async () => {
    const team = teamAt(server.url);
    const watchers = await Promise.all([watch(team, 'project:42'), watch(team, 'global', 'project:42')]);
    const [watcher] = watchers;
    await run(team, 'killed', { hangs: 3 });
    await eventually(async () => expect(await done('killed')).toHaveLength(3));
    await eventually(() => expect(watcher.got.at(-1)?.data).toMatchObject({ current_step: 'step 3' }));
    await server.kill();
    await server.start();
    expect(await ended(team, 'killed')).toMatchObject({ status: 'completed', attempt: 2, result: 5, progress: 100 });
    expect(await done('killed')).toEqual([
      'step 1 attempt 1',
      'step 2 attempt 1',
      'step 3 attempt 1',
      'step 3 attempt 2',
      'step 4 attempt 2',
      'step 5 attempt 2',
    ]);
    await isToldOnce(team, 'killed', watchers);
    const again = watcher.got.filter(({ data }) => data.attempt === 2 && data.status === 'running');
    expect(again[0]?.data).toMatchObject({ progress: 40, attempt: 2 });
  });

  it('goes on there when the node was told to end, and is told to wait meanwhile', async () => {
    const team = teamAt(server.url);
    const watcher = await watch(team, 'project:42');
    await run(team, 'ended', { hangs: 3 });
    await eventually(async () => expect(await done('ended')).toHaveLength(3));
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await server.start();
    expect(await ended(team, 'ended')).toMatchObject({ status: 'completed', attempt: 2 });
    expect((await done('ended')).slice(3)).toEqual(['step 3 attempt 2', 'step 4 attempt 2', 'step 5 attempt 2']);
    await isToldOnce(team, 'ended', [watcher]);
    expect((await log(team)).map(({ data }) => data.status)).toContain('queued');
  });

  it('is cancelled when that was asked for and the node was killed before it was done', async () => {
    const team = teamAt(server.url);
    const watcher = await watch(team, 'project:42');
    await run(team, 'cancelled', { hangs: 1 });
    await eventually(async () => expect(await done('cancelled')).toHaveLength(1));
    expect((await team.ada.post('/workflows/cancelled/cancel')).body.status).toBe('cancelling');
    await server.kill();
    await server.start();
    expect(await ended(team, 'cancelled')).toMatchObject({ status: 'cancelled', attempt: 1 });
    expect(await done('cancelled')).toHaveLength(1);
    await isToldOnce(team, 'cancelled', [watcher]);
  });
});

describe('a transaction that starts a run', () => {
  it.each([
    ['before', 'starts nothing when the node is killed before it commits'],
    ['after', 'starts it once when the node is killed as soon as it has committed'],
  ])('%s its commit: %s', async (when) => {
    const team = teamAt(server.url);
    const id = `killed-${when}`;
    const input = { id, when };
    expect((await team.ada.post('/workflows', { id: `killer-${when}`, name: 'killer', input })).status).toBe(202);
    await eventually(() => expect(server.ended).toBe(true));
    await server.start();
    await ended(team, `killer-${when}`);
    if (when === 'before') {
      expect((await team.bot.get(`/workflows/${id}`)).status).toBe(404);
      expect(await done(id)).toEqual([]);
      return;
    }
    await eventually(async () => expect((await team.bot.get(`/workflows/${id}`)).body.status).toBe('completed'));
    const steps = (await done(id)).map((line) => line.slice(0, 'step 1'.length));
    // The killed process may have begun it, in which case the step that it was in is done again.
    expect([...new Set(steps)]).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'step 5']);
    const { items } = (await team.bot.get('/workflows')).body as { items: { id: string }[] };
    expect(items.map((one) => one.id).sort()).toEqual([id, `killer-${when}`].sort());
  });
});
