// Stopping an answer: from any device, at any moment, also in the one in which it ends.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { modelSettings, startModelServer, type ModelServer } from '../support/model-server.js';
import type { PlainClient } from '../support/plain-client.js';
import { answersOf, deltasOf } from '../support/said.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { callerAt, type Caller } from '../support/caller.js';
import { teamAt } from '../support/team.js';

let model: ModelServer;
let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  model = await startModelServer();
  database = await testDatabase();
  const rates = { MESSAGE_RATE: '100000', COMMAND_RATE: '100000', MAX_CONNECTIONS_PER_USER: '0' };
  server = await startServer({ env: { ...database.env, ...modelSettings(model), ...rates } });
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
  await model.close();
  await database.drop();
});

async function session(participants: string[] = []) {
  const team = teamAt(server.url);
  const { body } = await team.ada.post('/sessions', { participant_ids: participants, emotion: false });
  const room = `session:${String(body.id)}`;
  const listen = async (who: Caller) => {
    const client = await who.listen(room);
    clients.push(client);
    return client;
  };
  return { ...team, room, listen, client: await listen(team.ada) };
}

describe('agent.cancel', () => {
  it('from another device ends the request to the model, keeps what there is, and marks it', async () => {
    const { ada, room, client, listen } = await session();
    const other = await listen(ada);
    model.onRequest = (request) => request.say('Half of it');
    await client.ask('message.send', { room, content: 'Why?' });
    const [delta] = await eventually(() => {
      expect(deltasOf(other)).toHaveLength(1);
      return deltasOf(other);
    });
    const request = model.requests.at(-1)!;
    expect(request.closed).toBe(false);
    expect(await other.ask('agent.cancel', { message_id: delta?.data.message_id })).toEqual({ status: 'success' });
    await eventually(() => request.closed, { withinMs: 1_000 });
    await eventually(() => expect(answersOf(client)).toHaveLength(1));
    expect(answersOf(client)[0]).toMatchObject({
      id: delta?.data.message_id,
      status: 'cancelled',
      content: 'Half of it',
      is_ai: true,
    });
    const { body } = await ada.get(`/sessions/${room.replace('session:', '')}/messages`);
    expect((body.items as object[]).at(-1)).toMatchObject({ status: 'cancelled', content: 'Half of it' });
  });

  it('knows an answer by what its question was sent under, also one that waits for its turn', async () => {
    const { room, client } = await session();
    model.onRequest = (request) => request.say('Half');
    await client.ask('message.send', { room, content: 'First', client_id: 'one' });
    await eventually(() => expect(deltasOf(client)).toHaveLength(1));
    await client.ask('message.send', { room, content: 'Second', client_id: 'two' });
    expect(await client.ask('agent.cancel', { client_id: 'two' })).toEqual({ status: 'success' });
    expect(await client.ask('agent.cancel', { client_id: 'one' })).toEqual({ status: 'success' });
    await eventually(() => expect(answersOf(client)).toHaveLength(2));
    expect(answersOf(client).map(({ status, content }) => [status, content])).toEqual([
      ['cancelled', ''],
      ['cancelled', 'Half'],
    ]);
    expect(await client.ask('agent.cancel', { client_id: 'one' })).toEqual({ status: 'success' });
    expect(answersOf(client)).toHaveLength(2);
  });

  it('is for who has asked, who owns the session, and admins', async () => {
    const { tenant, bob, boss, room, client, listen } = await session(['bob', 'carol']);
    const [asks, watches] = [await listen(bob), await listen(callerAt(server.url, { user: 'carol', tenant }))];
    model.onRequest = (request) => request.say('Half');
    const ask = async () => {
      const { message } = await asks.ask('message.send', { room, content: 'Why?' });
      return { message_id: (message as { id: string }).id };
    };
    const first = await ask();
    expect((await watches.ask('agent.cancel', first)).error).toMatchObject({ code: 'forbidden' });
    const stranger = await callerAt(server.url, { user: 'dave', tenant }).listen();
    clients.push(stranger);
    expect((await stranger.ask('agent.cancel', first)).error).toMatchObject({ code: 'not_found' });
    const foreigner = await callerAt(server.url, { user: 'bob', tenant: 'another' }).listen();
    clients.push(foreigner);
    expect((await foreigner.ask('agent.cancel', first)).error).toMatchObject({ code: 'not_found' });
    const admin = await boss.listen();
    clients.push(admin);
    for (const who of [asks, client, admin]) {
      expect(await who.ask('agent.cancel', await ask())).toEqual({ status: 'success' });
    }
    expect(await asks.ask('agent.cancel', first)).toEqual({ status: 'success' });
    await eventually(() => expect(answersOf(client)).toHaveLength(4));
  });

  it.each([
    ['nothing', {}],
    ['both', { message_id: 'a', client_id: 'b' }],
    ['what is no id', { message_id: 'a b' }],
  ])('refuses %s, naming the field', async (_what, payload) => {
    const { client } = await session();
    const { error } = await client.ask('agent.cancel', payload);
    expect(error).toMatchObject({ code: 'bad_request', issues: [{ path: 'message_id' }] });
  });

  it('does not find what was never asked', async () => {
    const { client } = await session();
    for (const payload of [{ message_id: 'nothing' }, { client_id: 'nothing' }]) {
      expect((await client.ask('agent.cancel', payload)).error).toMatchObject({ code: 'not_found' });
    }
  });
});

it('raced against the end 200 times leaves one message each time, and no request open', async () => {
  const ROUNDS = 200;
  const AT_ONCE = 10;
  const rooms = await Promise.all(Array.from({ length: AT_ONCE }, () => session()));
  const before = model.requests.length;
  model.onRequest = async (request) => {
    request.say('One ');
    await pause(20);
    request.say('two');
    request.finish();
  };
  let round = 0;
  await Promise.all(
    rooms.map(async ({ room, client }) => {
      for (let own = 1; own <= ROUNDS / AT_ONCE; own++) {
        // From before the first word to after the end.
        const delay = (round++ % 40) * 1.5;
        const clientId = `q${String(own)}`;
        await client.ask('message.send', { room, content: 'Why?', client_id: clientId });
        await pause(delay);
        expect(await client.ask('agent.cancel', { client_id: clientId })).toEqual({ status: 'success' });
        await eventually(() => answersOf(client).length >= own, { everyMs: 5 });
      }
    }),
  );
  const all = rooms.flatMap(({ client }) => answersOf(client));
  const counts = new Map<unknown, number>();
  for (const { reply_to } of all) counts.set(reply_to, (counts.get(reply_to) ?? 0) + 1);
  expect([all.length, counts.size, Math.max(...counts.values())]).toEqual([ROUNDS, ROUNDS, 1]);
  for (const { status, content } of all) {
    if (status === 'complete') expect(content).toBe('One two');
    else expect([status, 'One two'.startsWith(String(content))]).toEqual(['cancelled', true]);
  }
  // The race was one: both ways of ending were seen.
  expect(new Set(all.map(({ status }) => status)).size).toBe(2);
  await eventually(() => expect(model.open()).toEqual([]));
  expect(model.requests.length - before).toBeLessThanOrEqual(ROUNDS);
  for (const { client } of rooms) {
    const words = answersOf(client).map(({ id, content }) => [id, content]);
    const streamed = new Map<unknown, string>();
    for (const { data } of deltasOf(client)) {
      streamed.set(data.message_id, (streamed.get(data.message_id) ?? '') + String(data.text));
    }
    for (const [id, content] of words) expect(content).toBe(streamed.get(id) ?? '');
  }
}, 60_000);
