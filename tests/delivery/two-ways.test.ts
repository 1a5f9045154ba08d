// P3 where events take two ways to one connection: straight to its stream while nothing waits there, and through the
// engine with everything else – acks, and whatever comes while the kernel takes no more.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, type RawSocketIo } from '../support/raw-socketio.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';

const ROUNDS = 60;
const BATCH = 40;
/** More than a kernel keeps for a reader that has stopped, over the rounds in which it does not read. */
const TEXT = 'x'.repeat(13_000);
const PAUSED_ROUNDS = 15;

let database: TestDatabase;
let server: ServerProcess;
let team: Team;
let reader: RawSocketIo;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, PUBLISH_RATE: '0', COMMAND_RATE: '1000000' } });
  team = teamAt(server.url);
  reader = await connectRaw(server.url, team.ada.credential);
  await reader.ask('subscribe', { room: 'project:42' });
}, 60_000);
afterAll(async () => {
  reader.close();
  await server.stop();
  await database.drop();
});

it('P3: events and acks keep their order, also while a reader stops now and then', async () => {
  const asked: Promise<unknown>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % (2 * PAUSED_ROUNDS) === PAUSED_ROUNDS) reader.wire.pause();
    if (round % (2 * PAUSED_ROUNDS) === 0) reader.wire.resume();
    asked.push(reader.ask('subscribe', { room: 'project:42' }));
    const result = { project_id: '42', operation: 'test', result: { round, text: TEXT } };
    const events = Array.from({ length: BATCH }, () => ({ event: 'operation.completed', data: result }));
    expect((await team.bot.post('/events', { events })).status).toBe(200);
    asked.push(reader.ask('subscribe', { room: 'project:42' }));
  }
  reader.wire.resume();
  await Promise.all(asked);
  await eventually(() => expect(reader.events.filter(({ message }) => message.offset)).toHaveLength(ROUNDS * BATCH));

  let last = 0;
  const wrong: string[] = [];
  for (const text of reader.wire.received) {
    const offset = /^42/.test(text) ? /"offset":(\d+)/.exec(text) : null;
    const told = /^43/.test(text) ? /"offset":(\d+)/.exec(text) : null;
    if (offset && Number(offset[1]) !== last + 1) wrong.push(`event ${offset[1]} after ${String(last)}`);
    if (told && Number(told[1]) !== last) wrong.push(`an ack that says ${told[1]} after event ${String(last)}`);
    if (offset) last = Number(offset[1]);
  }
  expect(wrong).toEqual([]);
});
