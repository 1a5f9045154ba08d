// Coming back: after any time away a client is given exactly what its rooms had since, or is told plainly that this
// cannot be proven, and then nothing.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubscribeAck } from '@roomcast/protocol';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { openNaiveClient } from '../support/naive-client.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, workflowProgress, type Team } from '../support/team.js';
import { retain } from './allocator/retain.js';

// A connection that is not heard of for longer than both together is given up.
const PING = { PING_INTERVAL_MS: '100', PING_TIMEOUT_MS: '2000' };
const PINGS_AWAY = 25;
const KEPT = 5;
let database: TestDatabase;
let server: ServerProcess;
const clients: { close(): void }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, ...PING } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function connect({ ada }: Team): Promise<PlainClient> {
  const client = await connectPlainClient(server.url, { token: ada.credential });
  clients.push(client);
  return client;
}

async function post({ bot }: Team, count: number, room = '42'): Promise<void> {
  for (let number = 1; number <= count; number++) await bot.post('/events', projectFact(room, number));
}

/** The position that a client holds after some events. */
async function positionAfter(team: Team, events: number): Promise<Pick<SubscribeAck, 'offset' | 'epoch' | 'last_id'>> {
  await post(team, events);
  const client = await connect(team);
  const { offset, epoch, last_id } = await client.subscribe('project:42');
  client.close();
  return { offset, epoch, last_id };
}

/** Comes back with a position: the answer, and all that was handed over with it. */
async function comeBack(team: Team, position: object, more: object = {}) {
  const client = await connect(team);
  const ack = await client.subscribe('project:42', { ...position, ...more });
  return { ack, client };
}

describe('P4: a client of a room without traffic', () => {
  it.each(['loop', 'many'] as const)('that was away for longer than any ping misses nothing (%s)', async (style) => {
    const team = teamAt(server.url);
    await post(team, 3);
    const rooms = ['project:42', 'global', 'user:ada'];
    const client = openNaiveClient(server.url, { token: team.ada.credential, rooms, style });
    clients.push(client);
    await eventually(() => client.settled);
    const bystander = await connect(team);
    let pings = 0;
    bystander.socket.io.on('ping', () => pings++);
    client.drop({ comeBack: false });
    await eventually(() => pings >= PINGS_AWAY);
    client.comeBack();
    await eventually(() => expect(client.answers).toHaveLength(6));
    expect(client.answers.map(({ recovered, offset }) => [recovered, offset])).toEqual([
      [true, 3],
      [true, 3],
      [true, 0],
      [true, 3],
      [true, 3],
      [true, 0],
    ]);
    expect(client.got).toEqual([]);
  });

  it('whose server was started again meanwhile misses nothing', async () => {
    const team = teamAt(server.url);
    const position = await positionAfter(team, 3);
    await server.kill();
    await server.start();
    const { ack, client } = await comeBack(team, position);
    expect(ack).toMatchObject({ ...position, recovered: true, has_more: false });
    expect(client.facts()).toEqual([]);
  });

  it('whose neighbours were busy meanwhile is given only what its own room had', async () => {
    const team = teamAt(server.url);
    const position = await positionAfter(team, 1);
    await post(team, 40, '7');
    await post(team, 1);
    await post(team, 40, '7');
    const { ack, client } = await comeBack(team, position);
    expect(ack).toMatchObject({ offset: 82, recovered: true });
    expect(client.facts().map(({ offset }) => offset)).toEqual([42]);
  });
});

describe('P4: a client that cannot be given all is told so, and given nothing', () => {
  const unrecovered = (client: PlainClient, ack: SubscribeAck) => [ack.recovered, ack.reason, client.facts().length];

  it('because it was away for longer than events are kept', async () => {
    const team = teamAt(server.url);
    const early = await positionAfter(team, 3);
    await post(team, 20);
    await team.bot.post('/events', workflowProgress('w', 50));
    const late = { ...early, offset: 24 - KEPT, last_id: undefined };
    await server.stop();
    await retain(database, KEPT);
    await server.start();
    const { client, ack } = await comeBack(team, early, { state: true });
    expect(unrecovered(client, ack)).toEqual([false, 'truncated', 0]);
    expect(ack.offset).toBe(24);
    expect(await client.subscribe('global', { ...early, replay: 'ack', state: true })).toMatchObject({
      recovered: false,
      events: [],
      state: [{ event: 'workflow.progress', data: { progress: 50 } }],
    });
    expect(await client.ask('events.read', { room: 'project:42', ...early })).toMatchObject({
      recovered: false,
      reason: 'truncated',
      events: [],
    });
    await post(team, 1);
    await eventually(() => expect(client.facts().map(({ offset }) => offset)).toEqual([25]));
    const again = await comeBack(team, late);
    expect(unrecovered(again.client, again.ack)).toEqual([true, undefined, KEPT]);
  });

  it.each([
    ['its position is of another life of the log', { epoch: 'another' }, 'epoch_changed'],
    ['its position lies in the future', { offset: 99, last_id: undefined }, 'future_offset'],
    ['another event stands at its position', { last_id: '01900000-0000-7000-8000-000000000000' }, 'epoch_changed'],
  ])('because %s', async (_, change, reason) => {
    const team = teamAt(server.url);
    const position = await positionAfter(team, 3);
    await post(team, 2);
    const { client, ack } = await comeBack(team, { ...position, ...change });
    expect(unrecovered(client, ack)).toEqual([false, reason, 0]);
    expect(ack).toMatchObject({ offset: 5, epoch: position.epoch });
    await post(team, 1);
    await eventually(() => expect(client.facts().map(({ offset }) => offset)).toEqual([6]));
    const { offset, epoch, last_id } = ack;
    const healed = await comeBack(team, { offset, epoch, last_id });
    expect(unrecovered(healed.client, healed.ack)).toEqual([true, undefined, 1]);
  });

  it('with the first answers of its loop, whatever stood in the others', async () => {
    const team = teamAt(server.url);
    const position = await positionAfter(team, 3);
    await post(team, 2);
    const client = await connect(team);
    const answers: SubscribeAck[] = [];
    const ask = (room: string, from: object) =>
      client.socket.emit('subscribe', { room, ...from }, (ack: SubscribeAck) => answers.push(ack));
    ask('global', position);
    ask('project:42', { ...position, epoch: 'another' });
    ask('workflow:w', position);
    await eventually(() => expect(answers).toHaveLength(3));
    expect(answers.map(({ room, recovered }) => [room, recovered])).toEqual([
      ['project:42', false],
      ['global', true],
      ['workflow:w', true],
    ]);
  });
});
