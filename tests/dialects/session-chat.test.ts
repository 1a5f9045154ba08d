// Dialect 000: sessions as document 000 has them, with the client that it prints.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { closeDialectClients, endAt, openDialect, type DialectClient, type Frame } from '../support/dialect-client.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';
import { testToken } from '../support/tokens.js';
import { WebSocketClient } from './session-web-socket.js';

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const anyId = expect.any(String);

let database: TestDatabase;
let server: ServerProcess;
const printed: WebSocketClient[] = [];
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, SESSION_MAX_CONNECTIONS_PER_USER: '3' } });
});
afterEach(() => {
  for (const client of printed.splice(0)) client.disconnect();
  closeDialectClients();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** A session of Ada with Bob in it. */
async function session({ ada }: Team, more: object = {}): Promise<string> {
  const { status, body } = await ada.post('/sessions', { title: 'Plans', participant_ids: ['bob'], ...more });
  expect(status).toBe(201);
  return body.id as string;
}

const tokenOf = ({ tenant }: Team, user: string) => testToken({ user, tenant, name: user.toUpperCase() });

async function open(team: Team, sessionId: string, user = 'ada', prefix = ''): Promise<DialectClient> {
  return openDialect(server.url, `${prefix}/ws/sessions/${sessionId}?token=${tokenOf(team, user)}`);
}

async function enter(team: Team, sessionId: string, user = 'ada'): Promise<DialectClient> {
  const client = await open(team, sessionId, user);
  client.send({ action: 'join', sessionId });
  await eventually(() => expect(client.of('user_joined')).not.toEqual([]));
  return client;
}

const typesOf = ({ frames }: DialectClient) => frames.map(({ type }) => type);
const dataOf = (frame: Frame | undefined) => frame?.data as Record<string, unknown>;

describe('the client of document 000', () => {
  it('joins, is shown what was said, speaks, and is answered by the agent', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team);
    await team.ada.post(`/sessions/${sessionId}/messages`, { content: 'Hello?' });
    const seen: { type: string; payload: unknown }[] = [];
    const url = `${server.url.replace('http', 'ws')}/api/ws`;
    const client = new WebSocketClient(url, tokenOf(team, 'bob'), (action) => seen.push(action));
    printed.push(client);
    await client.connect(sessionId);
    const messages = () => seen.flatMap(({ type, payload }) => (type === 'addMessage' ? [payload as Frame] : []));
    await eventually(() => expect(messages().length).toBeGreaterThanOrEqual(1));
    client.indicateTyping(sessionId, 'bob', 'BOB');
    client.sendMessage(sessionId, '  Why is it blue?  ');
    await eventually(() => expect(messages().filter(({ role }) => role === 'agent').length).toBeGreaterThanOrEqual(2));
    const [hello, ...rest] = messages();
    expect(hello).toMatchObject({ role: 'user', user_id: 'ada', content: 'Hello?', session_id: sessionId });
    expect(rest.find(({ content }) => content === 'Why is it blue?')).toMatchObject({ role: 'user', user_id: 'bob' });
    expect(rest.find(({ role }) => role === 'agent')).toMatchObject({ agent_id: 'context', created_at: isoTime });
    expect(seen.filter(({ type }) => type === 'unknown')).toEqual([]);
    expect(seen.map(({ type }) => type).slice(0, 3)).toEqual(['setWsConnected', 'setCurrentSession', 'addMessage']);
    expect(seen).toContainEqual({ type: 'addNotification', payload: 'BOB joined the session' });
  });

  it('comes back by itself when its connection breaks, and is in the session again', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team, { emotion: false });
    const seen: { type: string }[] = [];
    const url = `${server.url.replace('http', 'ws')}/ws`;
    const client = new WebSocketClient(url, tokenOf(team, 'ada'), (action) => seen.push(action), 50);
    printed.push(client);
    await client.connect(sessionId);
    const states = () => seen.filter(({ type }) => type === 'setCurrentSession').length;
    await eventually(() => expect(states()).toBe(1));
    closeDialectClients();
    await eventually(() => expect(states()).toBe(2));
  });
});

describe('frames of a session', () => {
  it('are on joining the whole session, then who came, to all', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team, { type: 'socratic', emotion: false });
    const { body: said } = await team.ada.post(`/sessions/${sessionId}/messages`, { content: 'Hello' });
    await eventually(async () => {
      const { body } = await team.ada.get(`/sessions/${sessionId}/messages`);
      expect(body.items).toHaveLength(2);
    });
    const ada = await enter(team, sessionId);
    expect(ada.frames).toEqual([
      {
        type: 'session_state',
        sessionId,
        data: {
          session: expect.objectContaining({ id: sessionId, type: 'socratic', title: 'Plans', owner_id: 'ada' }),
          messages: [
            { ...said, session_id: sessionId, user_id: 'ada', agent_id: null },
            expect.objectContaining({ role: 'agent', agent_id: 'socratic', user_id: null, session_id: sessionId }),
          ],
          connectedUsers: 1,
        },
        timestamp: isoTime,
      },
      {
        type: 'user_joined',
        sessionId,
        data: { userId: 'ada', username: 'ADA', connectedUsers: 1 },
        timestamp: isoTime,
      },
    ]);
    const bob = await enter(team, sessionId, 'bob');
    expect(dataOf(bob.frames[0])).toMatchObject({ connectedUsers: 2 });
    const came = { userId: 'bob', username: 'BOB', connectedUsers: 2 };
    expect(bob.frames[1]).toMatchObject({ type: 'user_joined', data: came });
    await eventually(() => expect(ada.frames[2]).toMatchObject({ type: 'user_joined', sessionId, data: came }));
    bob.close();
    await eventually(() => expect(ada.frames).toHaveLength(4));
    expect(ada.frames[3]).toEqual({
      type: 'system',
      sessionId,
      data: { event: 'user_left', message: expect.stringMatching(/BOB/), connectedUsers: 1 },
      timestamp: isoTime,
    });
  });

  it('are what is said, to all who joined, the sender too; and who types, to the others', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team, { emotion: false });
    const ada = await enter(team, sessionId);
    const bob = await enter(team, sessionId, 'bob');
    await eventually(() => expect(ada.frames).toHaveLength(3));
    bob.send({ action: 'typing', sessionId, userId: 'mallory', username: 'Mallory' });
    await eventually(() => expect(ada.of('user_typing')).toHaveLength(1));
    expect(ada.frames[3]).toEqual({
      type: 'user_typing',
      sessionId,
      data: { userId: 'bob', username: 'BOB' },
      timestamp: isoTime,
    });
    bob.send({ action: 'message', sessionId: 'another', data: { content: 'Why?' }, projectId: '42' });
    await eventually(() => expect(ada.of('agent_response')).toHaveLength(1));
    await eventually(() => expect(bob.of('agent_response')).toHaveLength(1));
    const told = ada.frames.filter(({ type }) => type !== 'user_typing').slice(3);
    expect(told).toEqual([
      {
        type: 'user_message',
        sessionId,
        data: expect.objectContaining({
          id: anyId,
          session_id: sessionId,
          user_id: 'bob',
          role: 'user',
          agent_id: null,
          content: 'Why?',
          created_at: isoTime,
        }),
        timestamp: isoTime,
      },
      {
        type: 'agent_response',
        sessionId,
        data: expect.objectContaining({ user_id: null, role: 'agent', agent_id: 'context', session_id: sessionId }),
        timestamp: isoTime,
      },
    ]);
    expect(typesOf(bob).slice(2)).toEqual(['user_message', 'agent_response']);
  });

  it('say that somebody came before what they say, also of who joins and speaks in one breath', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team, { emotion: false, participant_ids: ['bob', 'eve'] });
    const ada = await enter(team, sessionId);
    await team.bob.post(`/sessions/${sessionId}/messages`, { content: 'From elsewhere' });
    await eventually(() => expect(ada.of('user_message')).toHaveLength(1));
    const [bob, eve] = [await open(team, sessionId, 'bob'), await open(team, sessionId, 'eve')];
    bob.send({ action: 'join' });
    bob.send({ action: 'message', data: { content: 'Hello' } });
    await eventually(() => expect(ada.of('user_message')).toHaveLength(2));
    eve.send({ action: 'typing' });
    await eventually(() => expect(ada.of('user_typing')).toHaveLength(1));
    const ofPeople = typesOf(ada).filter((type) => type !== 'agent_response');
    expect(ofPeople.slice(2)).toEqual(['user_message', 'user_joined', 'user_message', 'user_joined', 'user_typing']);
    expect(ada.of('user_joined').map((frame) => dataOf(frame).userId)).toEqual(['ada', 'bob', 'eve']);
  });

  it('tell that the session was changed', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team);
    const ada = await enter(team, sessionId);
    await team.ada.patch(`/sessions/${sessionId}`, { title: 'Other plans' });
    await eventually(() => expect(ada.frames).toHaveLength(3));
    expect(ada.frames[2]).toEqual({
      type: 'system',
      sessionId,
      data: { event: 'session_updated', message: anyId },
      timestamp: isoTime,
    });
  });

  it('may ask to join again: the session is told as it is now', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team, { emotion: false });
    const ada = await enter(team, sessionId);
    ada.send({ action: 'message', data: { content: 'one' } });
    await eventually(() => expect(ada.of('agent_response')).toHaveLength(1));
    ada.send({ action: 'join' });
    await eventually(() => expect(ada.of('user_joined')).toHaveLength(2));
    expect(typesOf(ada).slice(-2)).toEqual(['session_state', 'user_joined']);
    expect(dataOf(ada.frames.at(-2)).messages).toHaveLength(2);
    ada.send({ action: 'message', data: { content: 'two' } });
    await eventually(() => expect(ada.of('user_message')).toHaveLength(2));
  });

  it('end with the one that leaves', async () => {
    const team = teamAt(server.url);
    const ada = await enter(team, await session(team));
    ada.send({ action: 'leave' });
    await eventually(() => expect(ada.ended).toEqual({ code: 1000, reason: '' }));
  });

  it.each<[string, (client: DialectClient) => void, string]>([
    ['are no JSON', (client) => client.say('join'), 'bad_request'],
    ['ask for nothing that there is', (client) => client.send({ action: 'dance' }), 'bad_request'],
    ['say nothing', (client) => client.send({ action: 'message', data: { content: '   ' } }), 'bad_request'],
    ['say nothing at all', (client) => client.send({ action: 'message' }), 'bad_request'],
    [
      'say too much',
      (client) => client.send({ action: 'message', data: { content: 'x'.repeat(5_001) } }),
      'bad_request',
    ],
  ])('that %s are answered by one error, and the connection stays', async (_what, send, code) => {
    const team = teamAt(server.url);
    const sessionId = await session(team);
    const client = await open(team, sessionId);
    send(client);
    client.send({ action: 'join' });
    await eventually(() => expect(client.frames).toHaveLength(3));
    const message = anyId;
    expect(client.frames[0]).toEqual({
      type: 'error',
      sessionId,
      message,
      data: { message, code, retryable: false },
      timestamp: isoTime,
    });
    expect(typesOf(client).slice(1)).toEqual(['session_state', 'user_joined']);
  });
});

describe('a session that one may not know of', () => {
  it('is not found, whether it exists or not, and the connection stays', async () => {
    const [team, other] = [teamAt(server.url), teamAt(server.url)];
    const foreign = await session(other);
    for (const [sessionId, user] of [
      ['none', 'ada'],
      [foreign, 'ada'],
      [await session(team), 'eve'],
    ] as const) {
      const client = await open(team, sessionId, user, '/api');
      client.send({ action: 'join', sessionId });
      client.send({ action: 'message', data: { content: 'Hello' } });
      client.send({ action: 'typing' });
      await eventually(() => expect(client.frames).toHaveLength(3));
      const error = {
        type: 'error',
        sessionId,
        message: 'Session not found',
        data: { message: 'Session not found', code: 'not_found' },
      };
      for (const frame of client.frames) expect(frame).toMatchObject(error);
      expect(client.ended).toBeUndefined();
    }
  });

  it('is one from which somebody was taken', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team);
    const bob = await enter(team, sessionId, 'bob');
    await team.ada.delete(`/sessions/${sessionId}/participants/bob`);
    await eventually(() => expect(bob.of('error')).toMatchObject([{ data: { code: 'forbidden' } }]));
    bob.send({ action: 'join' });
    await eventually(() => expect(bob.of('error')[1]).toMatchObject({ message: 'Session not found' }));
  });
});

describe('who comes to a session', () => {
  it('without a good token is closed at once', async () => {
    const { tenant } = teamAt(server.url);
    const old = testToken({ user: 'ada', tenant, expiresInSeconds: -60 });
    expect(await endAt(server.url, '/ws/sessions/s')).toEqual({ code: 1008, reason: 'Unauthorized' });
    expect(await endAt(server.url, '/ws/sessions/s?token=x')).toEqual({ code: 1008, reason: 'Unauthorized' });
    expect(await endAt(server.url, `/ws/sessions/s?token=${old}`)).toEqual({ code: 1008, reason: 'Token expired' });
  });

  it('more often than is allowed is closed with the words of the document', async () => {
    const team = teamAt(server.url);
    const sessionId = await session(team);
    const inside = await Promise.all([1, 2, 3].map(() => open(team, sessionId)));
    const path = `/ws/sessions/${sessionId}?token=${tokenOf(team, 'ada')}`;
    expect(await endAt(server.url, path)).toEqual({ code: 1008, reason: 'Too many connections' });
    inside[0]?.close();
    await eventually(async () => {
      const client = await open(team, sessionId);
      client.send({ action: 'join' });
      await eventually(() => client.frames.length > 0, { withinMs: 1_000 });
    });
  });
});
