// Dialect 003: sessions on all devices of a person, with what they seem to feel, as document 003 has them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { closeDialectClients, endAt, openDialect, type DialectClient } from '../support/dialect-client.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';

const millis = expect.any(Number);
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterEach(closeDialectClients);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function session({ ada }: Team): Promise<string> {
  const { body } = await ada.post('/sessions', { participant_ids: ['bob'] });
  return body.id as string;
}

/** What document 003's `useWebSocket` gives a page: `emit`, and what came by type. */
async function open({ ada, bob }: Team, who: 'ada' | 'bob' = 'ada') {
  const client = await openDialect(server.url, `/api/ws?token=${{ ada, bob }[who].credential}`);
  const emit = (type: string, data: object) => client.send({ type, data, timestamp: Date.now() });
  return { ...client, emit };
}

/** Resolves when the server has taken all that was sent before. */
async function settled(client: DialectClient): Promise<void> {
  const before = client.of('pong').length;
  client.send({ type: 'ping', data: {} });
  await eventually(() => expect(client.of('pong').length).toBeGreaterThan(before));
}

const others = ({ frames }: DialectClient) => frames.filter(({ type }) => type !== 'pong');

describe('the client of document 003', () => {
  it('is answered as the document’s test with wscat is', async () => {
    const client = await open(teamAt(server.url));
    client.say('{"type": "ping", "data": {}}');
    await eventually(() => expect(client.frames).toHaveLength(1));
    expect(client.frames).toEqual([{ type: 'pong', data: { timestamp: isoTime }, timestamp: millis }]);
    expect(Math.abs((client.frames[0]?.timestamp as number) - Date.now())).toBeLessThan(60_000);
  });

  it('sends on one device, and all who joined the session receive, the sender too, under one id', async () => {
    const team = teamAt(server.url);
    const session_id = await session(team);
    const [phone, laptop, bob] = [await open(team), await open(team), await open(team, 'bob')];
    for (const client of [phone, bob]) {
      client.emit('join_session', { session_id });
      await settled(client);
    }
    phone.emit('message_sent', { session_id, content: 'What fun, I finally understand!', client_id: 'draft-1' });
    phone.emit('message_sent', { session_id, content: 'What fun, I finally understand!', client_id: 'draft-1' });
    await eventually(() => expect(bob.of('message_received')).toHaveLength(2));
    await eventually(() => expect(phone.of('message_received')).toHaveLength(2));
    const [question, answer] = phone.of('message_received');
    expect(question).toEqual({
      type: 'message_received',
      data: { session_id, message: expect.objectContaining({ sender_id: 'ada', role: 'user', client_id: 'draft-1' }) },
      timestamp: millis,
    });
    expect(answer).toMatchObject({ data: { message: { role: 'agent', is_ai: true } } });
    expect(bob.of('message_received')).toEqual(phone.of('message_received'));
    expect(laptop.of('message_received')).toEqual([]);
  });

  it('is told what its person seems to feel, on all devices, and nobody else is', async () => {
    const team = teamAt(server.url);
    const session_id = await session(team);
    const [phone, laptop, bob] = [await open(team), await open(team), await open(team, 'bob')];
    for (const client of [phone, bob]) client.emit('join_session', { session_id });
    phone.emit('message_sent', { session_id, content: 'This is wonderful, I am so happy and excited!' });
    for (const device of [phone, laptop]) {
      await eventually(() => expect(device.of('emotion_update')).toHaveLength(1));
      expect(device.of('emotion_update')[0]).toEqual({
        type: 'emotion_update',
        data: {
          session_id,
          message_id: expect.any(String),
          emotion: expect.objectContaining({ primary_emotion: expect.any(String), intensity: expect.any(Number) }),
        },
        timestamp: millis,
      });
    }
    expect(bob.of('emotion_update')).toEqual([]);
  });

  it('sees who types, people and agents, but not itself', async () => {
    const team = teamAt(server.url);
    const session_id = await session(team);
    const [ada, bob] = [await open(team), await open(team, 'bob')];
    for (const client of [ada, bob]) client.emit('join_session', { session_id });
    await Promise.all([settled(ada), settled(bob)]);
    bob.emit('user_typing', { session_id, is_typing: true });
    bob.emit('user_typing', { session_id, is_typing: false });
    await eventually(() => expect(ada.of('typing_indicator')).toHaveLength(2));
    const typing = (user_id: string, is_typing: boolean, is_ai: boolean) => ({
      type: 'typing_indicator',
      data: { session_id, user_id, is_typing, is_ai },
      timestamp: millis,
    });
    expect(ada.of('typing_indicator')).toEqual([typing('bob', true, false), typing('bob', false, false)]);
    expect(bob.of('typing_indicator')).toEqual([]);
    bob.emit('message_sent', { session_id, content: 'Why?' });
    await eventually(() => expect(bob.of('typing_indicator')).toHaveLength(2));
    expect(bob.of('typing_indicator')).toEqual([typing('context', true, true), typing('context', false, true)]);
  });

  it('hears of changes of the session and of notifications, and of a session that it left no more', async () => {
    const team = teamAt(server.url);
    const session_id = await session(team);
    const client = await open(team);
    client.emit('join_session', { session_id });
    await settled(client);
    await team.ada.patch(`/sessions/${session_id}`, { title: 'Light' });
    await team.bot.post('/notifications', { user_id: 'ada', title: 'Badge', message: 'Ten in a row.' });
    await eventually(() => expect(others(client)).toHaveLength(2));
    expect(client.of('session_update')).toEqual([
      {
        type: 'session_update',
        data: {
          session_id,
          session: expect.objectContaining({ id: session_id, title: 'Light' }),
          changes: { title: 'Light' },
        },
        timestamp: millis,
      },
    ]);
    expect(client.of('notification')).toEqual([
      { type: 'notification', data: { notification: expect.objectContaining({ title: 'Badge' }) }, timestamp: millis },
    ]);
    client.emit('leave_session', { session_id });
    client.emit('leave_session', { session_id });
    await settled(client);
    await team.ada.patch(`/sessions/${session_id}`, { title: 'Dark' });
    await team.bot.post('/notifications', { user_id: 'ada', title: 'Badge', message: 'Twenty.' });
    await eventually(() => expect(others(client)).toHaveLength(3));
    expect(client.of('session_update')).toHaveLength(1);
  });
});

describe('what is wrong', () => {
  it.each<[string, string | object, string]>([
    ['no JSON', 'ping', 'bad_request'],
    ['a type that there is not', { type: 'session_update', data: {} }, 'bad_request'],
    ['no session', { type: 'join_session', data: {} }, 'bad_request'],
    ['no data', { type: 'message_sent' }, 'bad_request'],
    ['empty words', { type: 'message_sent', data: { session_id: 's', content: ' ' } }, 'bad_request'],
    ['a session that one may not know of', { type: 'join_session', data: { session_id: 's' } }, 'not_found'],
  ])('(%s) is answered by one error, and the connection stays', async (_what, frame, code) => {
    const client = await open(teamAt(server.url));
    client.say(typeof frame === 'string' ? frame : JSON.stringify(frame));
    await settled(client);
    expect(others(client)).toEqual([{ type: 'error', data: { code, message: expect.any(String) }, timestamp: millis }]);
  });

  it('with the token ends the connection at once', async () => {
    expect(await endAt(server.url, '/api/ws')).toEqual({ code: 1008, reason: 'Unauthorized' });
    expect(await endAt(server.url, '/api/ws?token=x')).toEqual({ code: 1008, reason: 'Unauthorized' });
  });
});
