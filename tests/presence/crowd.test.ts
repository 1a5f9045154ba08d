// Many enter one room that all of them watch: each is told a handful of times, not once for everybody else.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, type RawSocketIo } from '../support/raw-socketio.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';

const USERS = Number(process.env.PRESENCE_CROWD ?? 2_000);
const AT_ONCE = 50;
const ROOM = 'project:42';

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, LOG_LEVEL: 'warn' } });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Everybody connects and enters the room, some at a time. */
async function enterAll(users: number): Promise<RawSocketIo[]> {
  const connections: RawSocketIo[] = [];
  let next = 0;
  const enter = async () => {
    while (next < users) {
      const connection = await connectRaw(server.url, testToken({ user: `u${next++}` }));
      connections.push(connection);
      await connection.ask('subscribe', { room: ROOM, presence: true });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, enter));
  return connections;
}

const presence = ({ events }: RawSocketIo) => events.filter(({ name }) => name.startsWith('presence.'));

describe('a room that a crowd enters', () => {
  it(`costs linear frames: ${USERS} users are told a few times each, and end with the right number`, async () => {
    const connections = await enterAll(USERS);
    try {
      await eventually(() => {
        for (const connection of connections) {
          expect(presence(connection).at(-1)).toMatchObject({
            name: 'presence.count',
            message: { data: { count: USERS } },
          });
        }
      });
      const frames = connections.reduce((sum, connection) => sum + presence(connection).length, 0);
      console.info(`${frames} frames of presence to ${USERS} users, ${(frames / USERS).toFixed(1)} each`);
      // A frame to everybody who is there for everybody who comes would be a thousand for each of two thousand.
      expect(frames / USERS).toBeLessThan(USERS / 20);
    } finally {
      for (const connection of connections) connection.close();
    }
  }, 120_000);
});
