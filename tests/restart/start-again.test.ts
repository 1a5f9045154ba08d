// The server is killed, or told to stop, while it serves, and started again: nothing that was acknowledged is lost, and
// plain clients that pass their last positions are handed every event once and in order.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { openNaiveClient, type NaiveClient } from '../support/naive-client.js';
import { faultsOf } from '../support/once-in-order.js';
import type { Heard } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';
import { createPublisher } from './publisher.js';

const EVENTS = 200;
const CLIENTS = 20;
const DRAIN_SECONDS = 4;
const numbers = Array.from({ length: EVENTS }, (_, index) => index + 1);
const styles = ['loop', 'many'] as const;
const namespaces = ['/', '/ws'] as const;
const transports = ['websocket', 'polling', 'upgrade'] as const;

let database: TestDatabase;
let server: ServerProcess;
const clients: NaiveClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, DRAIN_SECONDS: String(DRAIN_SECONDS) } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Clients of every kind, each with its own user, all of them in their rooms. */
async function openClients({ tenant }: Team): Promise<void> {
  for (let index = 0; index < CLIENTS; index++) {
    const { credential: token } = callerAt(server.url, { user: `user-${index}`, tenant });
    const rooms = index % 2 ? ['project:42', 'global', `user:user-${index}`] : ['project:42'];
    const way = {
      namespace: namespaces[index % 2]!,
      style: styles[(index >> 1) % 2]!,
      transport: transports[index % 3]!,
    };
    clients.push(openNaiveClient(server.url, { token, rooms, ...way }));
  }
  await eventually(() => clients.every((client) => client.settled), { withinMs: 30_000 });
}

/** All that the room had, as the log says it. */
async function log({ ada }: Team): Promise<Heard[]> {
  const { body } = await ada.get('/rooms/project:42/events?limit=500');
  return body.events as Heard[];
}

async function everybodyHasAll(team: Team): Promise<void> {
  const events = await log(team);
  await eventually(
    () => {
      for (const client of clients) expect(faultsOf(client.got, events)).toEqual([]);
    },
    { withinMs: 30_000, everyMs: 100 },
  );
  for (const client of clients) {
    expect(client.answers.filter(({ recovered }) => !recovered)).toEqual([]);
    expect(client.told.filter(({ event }) => event === 'room.reset')).toEqual([]);
  }
}

describe('the server, killed with kill -9 while it hands out events, and started again', () => {
  it('P1, P3, P4, P5: every plain client ends with exactly the acknowledged events, once and in order', async () => {
    const team = teamAt(server.url);
    await openClients(team);
    const publisher = createPublisher(team.bot, '42');
    const publishing = publisher.publish(numbers);
    for (const kills of [1, 2]) {
      await eventually(() => publisher.acknowledged.size >= (kills * EVENTS) / 3);
      await server.kill();
      await server.start();
    }
    await publishing;
    const events = await log(team);
    expect(events.map(({ id }) => id).sort()).toEqual([...publisher.acknowledged.values()].sort());
    expect(events.map(({ data }) => data.result).sort()).toEqual([...numbers].sort());
    await everybodyHasAll(team);
    expect(Math.min(...clients.map(({ connects }) => connects))).toBeGreaterThan(1);
  });
});

describe('the server, told to stop', () => {
  it('lets its clients go in time, ends with 0 whatever more it is told, and nothing is lost', async () => {
    const team = teamAt(server.url);
    await openClients(team);
    const publisher = createPublisher(team.bot, '42');
    const publishing = publisher.publish(numbers);
    await eventually(() => publisher.acknowledged.size >= EVENTS / 4);
    const begun = Date.now();
    const { pid } = server;
    const stopped = server.stop();
    const closing = ({ told }: NaiveClient) => told.find(({ event }) => event === 'session.closing');
    await eventually(() => clients.every(closing));
    process.kill(pid, 'SIGTERM');
    const ready = await fetch(`${server.url}/ready`);
    expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('draining')]);
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(Date.now() - begun).toBeLessThan(DRAIN_SECONDS * 1_000);
    const waits = clients.map((client) => closing(client)!.data);
    for (const wait of waits) expect(wait).toEqual({ reason: 'drain', after_ms: expect.any(Number) });
    expect(new Set(waits.map(({ after_ms }) => after_ms)).size).toBeGreaterThan(CLIENTS / 2);
    expect(Math.max(...waits.map(({ after_ms }) => Number(after_ms)))).toBeLessThan(DRAIN_SECONDS * 1_000);
    await server.start();
    await publishing;
    expect(await log(team)).toHaveLength(EVENTS);
    await everybodyHasAll(team);
  });
});
