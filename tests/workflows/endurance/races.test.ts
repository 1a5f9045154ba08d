// Many runs at once: cancellations that come at the moment at which the work is done, and reports that come faster than
// they are told. RACES is how many of the former there are.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKind } from '../../support/database.js';
import { connectPlainClient, type Heard, type PlainClient } from '../../support/plain-client.js';
import { eventually } from '../../support/eventually.js';
import { teamAt } from '../../support/team.js';
import { openHost, type Host } from '../host.js';
import { createGate, job, task, untilAborted } from '../jobs.js';
import { endsOf } from '../told.js';

const RACES = Number(process.env.RACES ?? (databaseKind() === 'postgres' ? 1_000 : 200));
const AT_ONCE = 50;
const RUNS = 200;
const REPORTS = 50;
const WATCHERS = 5;

let host: Host;
const clients: PlainClient[] = [];

beforeAll(async () => {
  host = await openHost({ workflows: [task], settings: { MAX_CONNECTIONS_PER_USER: '0' } });
}, 120_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => host.close());

async function watch(tenant: string): Promise<PlainClient> {
  const { ada } = teamAt(host.url, tenant);
  const client = await connectPlainClient(host.url, { token: ada.credential });
  clients.push(client);
  await client.subscribe('global');
  return client;
}

function byRun(events: readonly Heard[]): Map<unknown, Heard[]> {
  const runs = new Map<unknown, Heard[]>();
  for (const event of events) {
    const id = event.data.workflow_id;
    runs.set(id, [...(runs.get(id) ?? []), event]);
  }
  return runs;
}

describe(`${RACES} cancellations at the moment of completion`, () => {
  it('end each run once, as the row says', async () => {
    const tenant = randomUUID();
    const client = await watch(tenant);
    const { workflows } = host.roomcast;
    const ids: string[] = [];

    async function race(number: number): Promise<void> {
      const begun = createGate();
      const done = createGate();
      const work = job(async ({ signal }) => {
        begun.open();
        await Promise.race([done.passed, ...(number % 2 ? [untilAborted(signal)] : [])]);
      });
      const { id } = await workflows.start(task, work, { tenant });
      ids.push(id);
      await begun.passed;
      const cancel = () => workflows.cancel(id, { tenant });
      if (number % 3 === 0) {
        done.open();
        await pause(Math.random() * 20);
      }
      const cancelled = cancel();
      await pause(Math.random() * 4);
      done.open();
      const [first, again] = await Promise.all([cancelled, cancel()]);
      const told = ['cancelling', 'cancelled', 'completed'];
      expect([told, told]).toEqual([expect.arrayContaining([first.status]), expect.arrayContaining([again.status])]);
      const end = await host.reached({ id, tenant });
      // Whoever was told that it is being cancelled was told the truth.
      if (first.status !== 'completed') expect(end.status).toBe('cancelled');
    }

    for (let from = 0; from < RACES; from += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, RACES - from) }, (_, index) => race(from + index)));
    }
    await eventually(() => expect(endsOf(client.facts())).toHaveLength(RACES));
    const runs = byRun(client.facts());
    const outcomes = { completed: 0, cancelled: 0 };
    for (const id of ids) {
      const { status } = await workflows.find(id, { tenant });
      expect(endsOf(runs.get(id) ?? []).map(({ event }) => event)).toEqual([`workflow.${status}`]);
      expect(runs.get(id)?.at(-1)?.event).toBe(`workflow.${status}`);
      outcomes[status as 'completed' | 'cancelled']++;
    }
    expect(outcomes.completed + outcomes.cancelled).toBe(RACES);
    expect(Math.min(outcomes.completed, outcomes.cancelled)).toBeGreaterThan(0);
  }, 300_000);
});

/** The most events within any second, by the times at which they were written. */
function mostInASecond(events: readonly Heard[]): number {
  const times = events.map(({ timestamp }) => Date.parse(timestamp));
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 1000).length));
}

describe(`${RUNS} runs that report ${REPORTS} times each`, () => {
  it('are told at most ten times a second each, with every last report and every end', async () => {
    const tenant = randomUUID();
    const watchers = await Promise.all(Array.from({ length: WATCHERS }, () => watch(tenant)));
    const work = job(async ({ progress, workflowId }) => {
      for (let report = 1; report <= REPORTS; report++) {
        progress({ progress: (report / REPORTS) * 90, current_step: `report ${report} of ${workflowId}` });
        await pause(20);
      }
    });
    const { workflows, dataSource } = host.roomcast;
    await Promise.all(Array.from({ length: RUNS }, () => workflows.start(task, work, { tenant })));
    for (const client of watchers) {
      await eventually(() => expect(endsOf(client.facts())).toHaveLength(RUNS), { withinMs: 60_000 });
    }
    for (const client of watchers) {
      const runs = byRun(client.facts());
      expect(runs.size).toBe(RUNS);
      for (const [id, events] of runs) {
        const reports = events.filter(({ event }) => event === 'workflow.progress');
        expect(reports.at(-1)?.data).toMatchObject({ progress: 90, current_step: `report 50 of ${String(id)}` });
        expect(events.at(-1)?.event).toBe('workflow.completed');
        expect(mostInASecond(reports)).toBeLessThanOrEqual(10);
        expect(new Set(reports.map(({ offset }) => offset)).size).toBe(reports.length);
      }
    }
    const [counted] = await dataSource.query<{ rows: number; current: number }[]>(
      `select count(*)::int as rows, (select count(*)::int from current_values where stream = $1) as current
       from events where stream = $1 and event = 'workflow.progress'`,
      [`${tenant}/tenant`],
    );
    const frames = watchers.map((client) => client.facts().filter(({ event }) => event === 'workflow.progress').length);
    const { rows, current } = counted!;
    console.info(`${RUNS * REPORTS} reports: ${rows} rows, ${frames.join(' ')} frames, ${current} current values left`);
    expect(frames).toEqual(Array(WATCHERS).fill(rows));
    expect(rows).toBeLessThan((RUNS * REPORTS) / 2);
    expect(current).toBe(0);
  }, 120_000);
});
