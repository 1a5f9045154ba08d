// Kill -9 and start again: readers and a writer that use the client notice nothing but a pause.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@roomcast/client';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { startServer, type ServerProcess } from '../../support/server-process.js';
import { teamAt, type Team } from '../../support/team.js';
import { fact, numbersIn, openSdkClient, upTo, type SdkClient } from '../sdk-client.js';

const READERS = 5;
const KILLS = 3;
const EVENTS_BETWEEN = 60;

let database: TestDatabase;
let server: ServerProcess;
let team: Team;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0', DRAIN_SECONDS: '1' } });
  team = teamAt(server.url);
  await team.ada.post('/projects', { id: '42', name: 'Atlas' });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Emits one after the other until it is told to stop; a number that was given is never given up. */
function write(client: Client): { sent: number; stop(): Promise<void> } {
  const stopped = new AbortController();
  const writer = { sent: 0, stop: () => Promise.resolve() };
  const ended = (async () => {
    while (!stopped.signal.aborted) await client.emit('operation.completed', fact('42', ++writer.sent));
  })();
  writer.stop = () => {
    stopped.abort();
    return ended;
  };
  return writer;
}

describe('a server that is killed again and again', () => {
  it('costs no event, and none comes twice', async () => {
    const readers = Array.from({ length: READERS }, () =>
      openSdkClient(server.url, team.ada.credential, { pageLimit: 25 }),
    );
    const numbers = readers.map(({ client }) => numbersIn(client.room('project:42')));
    await Promise.all(readers.map(({ client }) => client.room('project:42').subscribe()));
    const bot = openSdkClient(server.url, team.bot.credential);
    const writer = write(bot.client);
    for (let kill = 0; kill < KILLS; kill++) {
      const enough = writer.sent + EVENTS_BETWEEN;
      await eventually(() => expect(writer.sent).toBeGreaterThan(enough), { withinMs: 30_000 });
      await server.kill();
      await server.start();
    }
    const enough = writer.sent + EVENTS_BETWEEN;
    await eventually(() => expect(writer.sent).toBeGreaterThan(enough), { withinMs: 30_000 });
    await writer.stop();
    await eventually(() => {
      for (const got of numbers) expect(got.length).toBeGreaterThanOrEqual(writer.sent);
    });
    for (const got of numbers) expect(got).toEqual(upTo(writer.sent));
    expect([...readers, bot].flatMap(({ errors }: SdkClient) => errors)).toEqual([]);
  });

  it('and stopped in peace lets its clients come back by themselves', async () => {
    const { client } = openSdkClient(server.url, team.bob.credential);
    const numbers = numbersIn(client.room('project:42'));
    await client.room('project:42').subscribe();
    await server.stop();
    await server.start();
    const bot = openSdkClient(server.url, team.bot.credential);
    await bot.client.emit('operation.completed', fact('42', 1));
    await eventually(() => expect(numbers).toEqual([1]));
  });

  it('is no matter to positions that were stored', async () => {
    const first = openSdkClient(server.url, team.ada.credential, { ack: 'manual' });
    const done: number[] = [];
    first.client.room('project:42').on('operation.completed', (event) => {
      done.push(Number(event.data.result));
      // The third is not finished when the process ends.
      if (done.length < 3) first.client.ack(event);
    });
    await first.client.room('project:42').subscribe();
    const bot = openSdkClient(server.url, team.bot.credential);
    for (const number of [1, 2, 3]) await bot.client.emit('operation.completed', fact('42', number));
    await eventually(() => expect(done).toEqual([1, 2, 3]));
    const positions = first.client.positions();
    first.client.close();
    await server.kill();
    await server.start();
    await bot.client.emit('operation.completed', fact('42', 4));
    const second = openSdkClient(server.url, team.ada.credential, { positions });
    const rest = numbersIn(second.client.room('project:42'));
    await eventually(() => expect(rest).toEqual([3, 4]));
  });
});
