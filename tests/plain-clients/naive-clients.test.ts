// Clients of the documentation's few lines, in every style there is, whose connections break at random while events are
// emitted: each is handed all events of its rooms, once, in order, and is told that nothing was lost.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { openNaiveClient, type NaiveClient } from '../support/naive-client.js';
import { faultsOf, union } from '../support/once-in-order.js';
import type { Heard } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, workflowFact } from '../support/team.js';
import { Random } from '../simulation/random.js';

const EVENTS = 400;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const random = new Random(seed);
const roomSets = [
  ['global'],
  ['project:1'],
  ['project:1', 'project:2', 'global', 'workflow:w'],
  ['workflow:w', 'project:2', 'user:ada', 'agent:a'],
];
const styles = ['loop', 'many'] as const;
const namespaces = ['/', '/ws'] as const;
const transports = ['websocket', 'polling', 'upgrade'] as const;

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  console.info(`the connections break by seed ${seed} (TEST_SEED)`);
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0', COMMAND_RATE: '1000' } });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

function openAll({ credential: token }: Caller): { rooms: string[]; client: NaiveClient }[] {
  return roomSets.flatMap((rooms) =>
    styles.flatMap((style) =>
      namespaces.flatMap((namespace) =>
        transports.map((transport) => {
          const options = { token, style, namespace, transport, rooms: random.shuffled(rooms) };
          return { rooms, client: openNaiveClient(server.url, options) };
        }),
      ),
    ),
  );
}

async function emit(bot: Caller, number: number): Promise<void> {
  const facts = [projectFact('1', number), projectFact('2', number), workflowFact('w', '1'), workflowFact('v', '2')];
  const { status } = random.chance(0.2)
    ? await bot.post('/notifications', { user_id: 'ada', title: String(number), message: 'm' })
    : await bot.post('/events', random.pick(facts));
  expect(status).toBe(201);
}

describe('plain clients whose connections break', () => {
  it('P3, P4: are handed every event of their rooms once and in order', async () => {
    const { ada, bot } = teamAt(server.url);
    const all = openAll(ada);
    try {
      await eventually(() => all.every(({ client }) => client.settled), { withinMs: 30_000 });
      for (let number = 1; number <= EVENTS; number++) {
        await emit(bot, number);
        if (random.chance(0.3)) random.pick(all).client.drop();
      }
      const log = new Map<string, Heard[]>();
      for (const room of new Set(roomSets.flat())) log.set(room, await roomEvents(ada, room));
      await eventually(
        () => {
          for (const { rooms, client } of all) {
            const wanted = union(rooms.map((room) => log.get(room)!));
            // A connection is in its user's room also without having asked for it.
            const got = client.got.filter((event) => event.rooms?.some((room) => rooms.includes(room)));
            expect(faultsOf(got, wanted)).toEqual([]);
          }
        },
        { withinMs: 30_000, everyMs: 200 },
      );
      expect(Math.max(...all.map(({ client }) => client.connects))).toBeGreaterThan(1);
      for (const { client } of all) {
        expect(client.answers.filter(({ recovered }) => !recovered)).toEqual([]);
        expect(client.told.filter(({ event }) => event !== 'connection_established')).toEqual([]);
      }
    } finally {
      for (const { client } of all) client.close();
    }
  });
});

async function roomEvents(caller: Caller, room: string): Promise<Heard[]> {
  const { body } = await caller.get(`/rooms/${room}/events?limit=500`);
  expect(body.has_more).toBe(false);
  return body.events as Heard[];
}
