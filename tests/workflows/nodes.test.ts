// Two nodes on one PostgreSQL: each hears of what was asked for at the other, and a node that comes back from the dead
// has no say any more.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRoomcast, defineWorkflow, type Workflow } from '@roomcast/server';
import { z } from 'zod';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { testSecret } from '../support/tokens.js';
import { openHost, type Host } from './host.js';
import { createGate } from './jobs.js';
import { ends, progressOf } from './told.js';

const program = fileURLToPath(new URL('host-program.mjs', import.meta.url));
const [gate, finishing] = [createGate(), createGate()];
/** Goes on where the other node's tells without end. */
const ticker = defineWorkflow({
  name: 'ticker',
  input: z.object({}),
  async run({ progress }) {
    progress({ progress: 1, current_step: 'here' });
    await gate.passed;
    return 'done here';
  },
});

/** Is done elsewhere too, and here when the gate is open. */
const finisher = defineWorkflow({
  name: 'finisher',
  input: z.object({}),
  async run({ step }) {
    await finishing.passed;
    return step('last', () => 'here');
  },
});

/** Leaves the name of the node that has done it. */
function quick(node: string) {
  return defineWorkflow({ name: 'quick', input: z.object({}), run: () => node });
}

// An embedded database belongs to one node.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;

onPostgres('of two nodes', () => {
  let database: TestDatabase;
  let other: ServerProcess;
  let host: Host;
  const tenant = randomUUID();

  beforeAll(async () => {
    database = await testDatabase();
    const env = { ...database.env, NOTES: join(database.dataDir, 'notes'), DRAIN_SECONDS: '0' };
    other = await startServer({ env, program });
    await teamAt(other.url, tenant).ada.post('/workflows', { id: 'ticking', name: 'ticker', input: {} });
    await eventually(async () =>
      expect((await teamAt(other.url, tenant).ada.get('/workflows/ticking')).body.status).toBe('running'),
    );
    host = await openHost({ workflows: [ticker, finisher, quick('host')] }, database);
  });
  afterAll(async () => {
    await host.close();
    await other.kill();
    await database.drop();
  });

  /** Stops the other process, but not in the middle of a transaction, which would keep its rows for a minute. */
  async function freeze(): Promise<void> {
    const { dataSource } = host.roomcast;
    for (;;) {
      process.kill(other.pid, 'SIGSTOP');
      await pause(150);
      const [left] = await dataSource.query<{ open: number }[]>(
        `select count(*)::int as open from pg_stat_activity where datname = current_database()
         and state like 'idle in transaction%' and state_change < now() - interval '100 ms'`,
      );
      if (left?.open === 0) break;
      process.kill(other.pid, 'SIGCONT');
      await pause(10);
    }
    await dataSource.query(`update workflow_nodes set alive_until = now() - interval '1 s'`);
  }

  const notes = () => readFile(join(database.dataDir, 'notes'), 'utf8').catch(() => '');

  it('the one that executes a run stops it when the other is asked to', async () => {
    const { ada } = teamAt(other.url, tenant);
    const input = { label: 'elsewhere', hangs: 2, listens: true };
    const { body } = await ada.post('/workflows', { name: 'five-steps', input });
    const run = { id: String(body.id), tenant };
    await host.reached(run, ({ current_step: step }) => step === 'step 2');
    expect(await host.roomcast.workflows.cancel(run.id, { tenant })).toMatchObject({ status: 'cancelling' });
    expect(await host.reached(run)).toMatchObject({ status: 'cancelled', attempt: 1, error: null });
  });

  it('one that does not run yet executes nothing, and what was started there is done by the other', async () => {
    const settings = { ...database.env, JWT_SECRET: testSecret, LOG_LEVEL: 'silent' };
    const idle = await createRoomcast({ settings, workflows: [quick('idle')] });
    const { id } = await idle.workflows.start('quick', {}, { tenant });
    expect(await host.reached({ id, tenant })).toMatchObject({ status: 'completed', result: 'host' });
    await idle.stop();
  });

  it('the one whose time was over cannot tell of its attempt once the other has begun the next', async () => {
    const client = await teamAt(host.url, tenant).ada.listen('global');
    const run = { id: 'ticking', tenant };
    await eventually(() => expect(progressOf(client, run.id).at(-1)).toMatchObject({ current_step: 'there' }));
    await freeze();
    await host.reached(run, ({ attempt, current_step: step }) => attempt === 2 && step === 'here');
    process.kill(other.pid, 'SIGCONT');
    await eventually(async () => expect(await notes()).toContain('ticker superseded'));
    expect(await host.roomcast.workflows.find(run.id, { tenant })).toMatchObject({ progress: 1, current_step: 'here' });
    gate.open();
    expect(await host.reached(run)).toMatchObject({ status: 'completed', result: 'done here', attempt: 2 });
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    const reports = progressOf(client, run.id).map(
      ({ attempt, current_step: step }) => `${Number(attempt)} ${String(step)}`,
    );
    const second = reports.findIndex((report) => report.startsWith('2'));
    expect(reports.slice(0, second).filter((report) => !report.startsWith('1'))).toEqual([]);
    expect(new Set(reports.slice(second))).toEqual(new Set(['2 ', '2 here']));
    client.close();
  });

  it('the one whose time was over cannot finish a step or a run that the other goes on with', async () => {
    const { ada } = teamAt(other.url, tenant);
    const client = await teamAt(host.url, tenant).ada.listen('global');
    const ids = Array.from({ length: 8 }, (_, index) => `finishing-${index}`);
    for (const id of ids) expect((await ada.post('/workflows', { id, name: 'finisher', input: {} })).status).toBe(202);
    const begun = (attempt: number) => (run: Workflow) => run.status === 'running' && run.attempt === attempt;
    for (const id of ids) await host.reached({ id, tenant }, begun(1));
    await freeze();
    for (const id of ids) await host.reached({ id, tenant }, begun(2));
    await pause(2_000);
    process.kill(other.pid, 'SIGCONT');
    const finished = async () => (await notes()).split('\n').filter((line) => line.startsWith('finisher'));
    await eventually(async () => expect(await finished()).toHaveLength(ids.length));
    expect(new Set(await finished())).toEqual(new Set(['finisher superseded']));
    finishing.open();
    for (const id of ids) {
      expect(await host.reached({ id, tenant })).toMatchObject({ status: 'completed', result: 'here', attempt: 2 });
      await eventually(() => expect(ends(client, id)).toHaveLength(1));
      expect(ends(client, id)[0]?.data.result).toBe('here');
    }
    client.close();
  });
});
