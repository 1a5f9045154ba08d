// What operators watch at /metrics: all of it is there, and moves when what it counts happens.
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import type { PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, type Team } from '../support/team.js';

// From outside, only PostgreSQL can be made to wait.
const onPostgres = databaseKind() === 'postgres' ? it : it.skip;

let database: TestDatabase;
let server: ServerProcess;
let team: Team;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
  team = teamAt(server.url);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const value = async (name: string) => (await metricsOf(server.url)).value(name) ?? NaN;

/** By how much metrics change while something is done and what it sets going arrives. */
async function changes(
  names: readonly string[],
  act: () => Promise<unknown>,
  expected: readonly unknown[],
): Promise<void> {
  const read = async () => {
    const metrics = await metricsOf(server.url);
    return names.map((name) => metrics.value(name) ?? NaN);
  };
  const before = await read();
  await act();
  await eventually(async () => expect((await read()).map((now, index) => now - before[index]!)).toEqual(expected));
}

const more: unknown = expect.any(Number);

async function listen(...rooms: string[]): Promise<PlainClient> {
  const client = await team.ada.listen(...rooms);
  clients.push(client);
  return client;
}

/** Keeps a table of the server's database locked while something is done. */
async function whileLocked(table: string, mode: string, act: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: database.databaseUrl });
  await client.connect();
  try {
    await client.query(`begin; lock table ${table} in ${mode} mode`);
    await act();
  } finally {
    await client.end();
  }
}

const batch = (count: number) => ({ events: Array.from({ length: count }, (_, n) => projectFact('42', n)) });

it('each has its line in the operators’ page, and no other has', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const described = [...page.matchAll(/^\| `(roomcast_\w+)`/gm)].map(([, name]) => name);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const shown = [...text.matchAll(/^# TYPE (roomcast_\w+)/gm)].map(([, name]) => name);
  expect(described.toSorted()).toEqual(shown.toSorted());
});

describe('/metrics', () => {
  it('is Prometheus’ text with help for each metric', async () => {
    const response = await fetch(`${server.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const kinds = {
      roomcast_connections: 'gauge',
      roomcast_rooms: 'gauge',
      roomcast_deliveries_total: 'counter',
      roomcast_emit_seconds: 'histogram',
      roomcast_delivery_seconds: 'histogram',
      roomcast_append_batch_rows: 'histogram',
      roomcast_catch_up_page_rows: 'histogram',
      roomcast_relay_lag_seconds: 'gauge',
      roomcast_drops_total: 'counter',
      nodejs_eventloop_lag_seconds: 'gauge',
      nodejs_eventloop_lag_p99_seconds: 'gauge',
      process_resident_memory_bytes: 'gauge',
    };
    for (const [name, kind] of Object.entries(kinds)) {
      expect(text).toMatch(new RegExp(`^# HELP ${name} .{10,}\n# TYPE ${name} ${kind}$`, 'm'));
    }
  });

  it('counts connections and rooms as they come and go', async () => {
    const names = ['roomcast_connections', 'roomcast_rooms'];
    // The user's own room is one of them.
    await changes(names, () => listen('global', 'project:1'), [1, 3]);
    await changes(names, () => listen('project:1'), [1, 0]);
    await changes(names, async () => clients.splice(0).forEach((client) => client.close()), [-2, -3]);
  });

  it('counts what is delivered, and how long after its commit', async () => {
    await listen('project:42');
    await listen('project:42');
    const names = ['roomcast_deliveries_total', 'roomcast_delivery_seconds_count'];
    await changes(names, () => team.bot.post('/events', batch(100)), [200, more]);
    expect(await value('roomcast_delivery_seconds_count')).toBeGreaterThan(0);
    expect(await value('roomcast_delivery_seconds_sum')).toBeGreaterThanOrEqual(0);
  });

  it('counts calls of emit and how long they took, and the events of each commit', async () => {
    const names = ['roomcast_emit_seconds_count', 'roomcast_append_batch_rows_sum', 'roomcast_append_batch_rows_count'];
    const sum = await value('roomcast_emit_seconds_sum');
    await changes(names, () => team.bot.post('/events', batch(50)), [1, 50, 1]);
    await changes(names, () => team.bot.post('/events', projectFact('42', 1)), [1, 1, 1]);
    expect(await value('roomcast_emit_seconds_sum')).toBeGreaterThan(sum);
  });

  it('counts the pages of a catch-up and their events', async () => {
    await team.bot.post('/events', {
      events: batch(120).events.map(({ data, ...rest }) => ({ ...rest, data: { ...data, project_id: 'old' } })),
    });
    const client = await listen();
    const names = ['roomcast_catch_up_page_rows_count', 'roomcast_catch_up_page_rows_sum'];
    await changes(names, () => client.subscribe('project:old', { offset: 0, limit: 50 }), [3, 120]);
  });

  onPostgres('tells for how long an event has been waiting for the log', async () => {
    expect(await value('roomcast_relay_lag_seconds')).toBe(0);
    const posted: Promise<unknown>[] = [];
    await whileLocked('streams', 'exclusive', async () => {
      posted.push(team.ada.post('/projects', { name: 'Waits' }));
      await eventually(async () => expect(await value('roomcast_relay_lag_seconds')).toBeGreaterThan(0.2));
    });
    await Promise.all(posted);
    await eventually(async () => expect(await value('roomcast_relay_lag_seconds')).toBe(0));
  });

  onPostgres('is told also while the database does not answer', async () => {
    await whileLocked('outbox', 'access exclusive', async () => {
      expect(await value('roomcast_relay_lag_seconds')).toBeNaN();
      expect(await value('roomcast_connections')).toBe(0);
    });
  });

  it('tells how late the event loop is', async () => {
    // Since the last look: a look right after another one may have seen nothing.
    for (const name of ['nodejs_eventloop_lag_max_seconds', 'nodejs_eventloop_lag_p99_seconds']) {
      await eventually(async () => expect(await value(name)).toBeGreaterThan(0));
    }
  });

  it('names no tenant, user or room', async () => {
    await listen('project:42');
    const text = await (await fetch(`${server.url}/metrics`)).text();
    for (const name of [team.tenant, 'ada', 'project:42', 'project']) expect(text).not.toContain(name);
  });
});
