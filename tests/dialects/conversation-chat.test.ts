// Dialect 002: conversations of people, as document 002 has them, with the clients that it prints.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { closeDialectClients, endAt, openDialect, type DialectClient, type Frame } from '../support/dialect-client.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { pythonWithClients } from '../support/services.js';
import { teamAt, type Team } from '../support/team.js';
import { testToken } from '../support/tokens.js';

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
const anyId = expect.any(String);
const RESERVED = ['auth', 'notifications', 'projects', 'sessions', 'v1'];

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterEach(closeDialectClients);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await eventually(() => running.size === 0);
  await server.stop();
  await database.drop();
});

async function conversation({ ada }: Team, participant_ids = ['bob'], more: object = {}): Promise<string> {
  const { status, body } = await ada.post('/conversations', { participant_ids, ...more });
  expect(status).toBe(201);
  return body.id as string;
}

const tokenOf = ({ tenant }: Team, user: string) => testToken({ user, tenant });

async function open(team: Team, user: string, path = `/ws/${user}`): Promise<DialectClient> {
  const client = await openDialect(server.url, `${path}?token=${tokenOf(team, user)}`);
  await eventually(() => expect(client.frames).not.toEqual([]));
  return client;
}

async function join(client: DialectClient, conversation_id: string): Promise<void> {
  client.send({ type: 'join_conversation', conversation_id });
  await eventually(() => expect(client.of('conversation_joined')).not.toEqual([]));
}

interface PythonChat {
  received: Frame[];
  type(line: string): void;
  /** Ends its input. @returns its exit code */
  leave(): Promise<number | null>;
}

const running = new Set<ChildProcess>();

async function startPythonChat(team: Team, user: string, conversationId: string): Promise<PythonChat> {
  const script = fileURLToPath(new URL('./chat_client.py', import.meta.url));
  const args = [script, server.url.replace('http', 'ws'), user, conversationId, tokenOf(team, user)];
  const child = spawn(await pythonWithClients(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close').then(() => running.delete(child));
  running.add(child);
  const received: Frame[] = [];
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('Received: ')) received.push(JSON.parse(line.slice(10)) as Frame);
  });
  return {
    received,
    type: (line) => child.stdin.write(`${line}\n`),
    async leave() {
      child.stdin.end();
      await closed;
      return child.exitCode;
    },
  };
}

describe('the Python client of document 002', () => {
  it('joins, speaks and hears, also itself', async () => {
    const team = teamAt(server.url);
    const conversation_id = await conversation(team);
    const ada = await startPythonChat(team, 'ada', conversation_id);
    await eventually(() => expect(ada.received).toHaveLength(2));
    const bob = await startPythonChat(team, 'bob', conversation_id);
    ada.type('Hello from Python!');
    await eventually(() => expect(ada.received.map(({ type }) => type)).toContain('new_message'));
    expect(ada.received[0]).toMatchObject({ type: 'online_users', users: expect.arrayContaining(['ada']) });
    expect(ada.received[1]).toEqual({ type: 'conversation_joined', conversation_id, timestamp: isoTime });
    const said = ada.received.find(({ type }) => type === 'new_message');
    expect(said).toEqual({
      type: 'new_message',
      conversation_id,
      message: { id: anyId, sender_id: 'ada', content: 'Hello from Python!', timestamp: isoTime, is_ai: false },
      timestamp: isoTime,
    });
    bob.type('And back.');
    await eventually(() => expect(ada.received.at(-1)).toMatchObject({ message: { sender_id: 'bob' } }));
    expect(await ada.leave()).toBe(0);
    expect(await bob.leave()).toBe(0);
  });
});

describe('the tests of document 002', () => {
  it('test_websocket_connection: who connects receives the list of users online', async () => {
    const team = teamAt(server.url);
    const websocket = await open(team, 'test-user');
    const data = websocket.frames[0];
    expect(data?.type).toBe('online_users');
    expect(data?.users).toEqual(['test-user']);
  });

  it('test_join_conversation: who joins receives the confirmation', async () => {
    const team = teamAt(server.url);
    const { body } = await team.ada.post('/conversations', { id: 'test-conv', participant_ids: ['test-user'] });
    expect(body.id).toBe('test-conv');
    const websocket = await open(team, 'test-user');
    websocket.send({ type: 'join_conversation', conversation_id: 'test-conv' });
    await eventually(() => expect(websocket.frames).toHaveLength(2));
    expect(websocket.frames[1]).toEqual({
      type: 'conversation_joined',
      conversation_id: 'test-conv',
      timestamp: isoTime,
    });
  });
});

describe('the browser client of document 002', () => {
  it('shows messages, who types, who is online, and what is wrong', async () => {
    const team = teamAt(server.url);
    const conversation_id = await conversation(team);
    const bob = await open(team, 'bob');
    const shown: unknown[] = [];
    const { ws } = await open(team, 'ada');
    ws.onmessage = (event) => {
      const data = JSON.parse(event.data as string) as Frame & { message: { content: string } };
      switch (data.type ?? '') {
        case 'new_message':
          shown.push(data.message.content);
          break;
        case 'typing_indicator':
          shown.push([data.user_id, data.is_typing]);
          break;
        case 'presence_update':
          shown.push([data.user_id, data.online]);
          break;
        case 'error':
          shown.push(data.message);
          break;
      }
    };
    ws.send(JSON.stringify({ type: 'join_conversation', conversation_id }));
    await join(bob, conversation_id);
    bob.send({ type: 'typing_start', conversation_id });
    bob.send({ type: 'typing_stop', conversation_id });
    bob.send({ type: 'send_message', conversation_id, content: 'Hello!', persona_id: null });
    await eventually(() => expect(shown).toContain('Hello!'));
    bob.close();
    await eventually(() => expect(shown).toHaveLength(4));
    ws.send(JSON.stringify({ type: 'send_message', conversation_id, content: '' }));
    await eventually(() => expect(shown).toHaveLength(5));
    expect(shown).toEqual([['bob', true], ['bob', false], 'Hello!', ['bob', false], expect.any(String)]);
  });
});

describe('frames of a conversation', () => {
  it('tell first who is online of those that share a room, then who comes and goes', async () => {
    const team = teamAt(server.url);
    await conversation(team, ['bob']);
    await conversation(team, ['eve']);
    const eve = await open(team, 'eve');
    const stranger = await open(team, 'mallory');
    const ada = await open(team, 'ada', '/api/ws/auth');
    expect(ada.frames).toEqual([
      { type: 'online_users', users: expect.arrayContaining(['ada', 'eve']), timestamp: isoTime },
    ]);
    expect(ada.frames[0]?.users).toHaveLength(2);
    const bob = await open(team, 'bob');
    expect(bob.frames[0]?.users).toEqual(expect.arrayContaining(['ada', 'bob']));
    await eventually(() => expect(ada.frames).toHaveLength(2));
    expect(ada.frames[1]).toEqual({ type: 'presence_update', user_id: 'bob', online: true, timestamp: isoTime });
    await eventually(() => expect(eve.of('presence_update')).toMatchObject([{ user_id: 'ada', online: true }]));
    expect(stranger.frames).toHaveLength(1);
    ada.send({ type: 'get_online_status', user_ids: ['bob', 'nobody'] });
    await eventually(() => expect(ada.of('online_status')).toHaveLength(1));
    expect(ada.of('online_status')[0]).toEqual({
      type: 'online_status',
      users: [
        { user_id: 'bob', online: true, last_seen: isoTime },
        { user_id: 'nobody', online: false, last_seen: null },
      ],
      timestamp: isoTime,
    });
  });

  it('come to who joined and has not left, from people and from personas', async () => {
    const team = teamAt(server.url);
    const conversation_id = await conversation(team);
    const [ada, bob] = [await open(team, 'ada'), await open(team, 'bob')];
    await join(ada, conversation_id);
    ada.send({ type: 'send_message', conversation_id, content: 'Is anybody here?', persona_id: 'muse' });
    await eventually(() => expect(ada.of('new_message')).toHaveLength(2));
    expect(ada.of('new_message')[1]).toMatchObject({ conversation_id, message: { sender_id: 'muse', is_ai: true } });
    expect(bob.of('new_message')).toEqual([]);
    ada.send({ type: 'leave_conversation', conversation_id });
    await join(bob, conversation_id);
    bob.send({ type: 'send_message', conversation_id, content: 'Now I am.' });
    await eventually(() => expect(bob.of('new_message')).toHaveLength(1));
    ada.send({ type: 'leave_conversation', conversation_id });
    ada.send({ type: 'get_online_status', user_ids: [] });
    await eventually(() => expect(ada.of('online_status')).toHaveLength(1));
    expect(ada.of('new_message')).toHaveLength(2);
    expect(ada.of('error')).toEqual([]);
  });

  it.each<[string, string | object, string]>([
    ['are no JSON', '> hello', 'bad_request'],
    ['ask for nothing that there is', { type: 'new_message' }, 'bad_request'],
    ['lack a conversation', { type: 'join_conversation' }, 'bad_request'],
    ['say nothing', { type: 'send_message', conversation_id: 'c', content: ' ' }, 'bad_request'],
    ['say too much', { type: 'send_message', conversation_id: 'c', content: 'x'.repeat(5_001) }, 'bad_request'],
    ['name a conversation that one may not know of', { type: 'join_conversation', conversation_id: 'c' }, 'not_found'],
  ])('that %s are answered by one error, and the connection stays', async (_what, frame, code) => {
    const client = await open(teamAt(server.url), 'ada');
    client.say(typeof frame === 'string' ? frame : JSON.stringify(frame));
    client.send({ type: 'get_online_status', user_ids: [] });
    await eventually(() => expect(client.frames).toHaveLength(3));
    expect(client.frames.slice(1)).toEqual([
      { type: 'error', message: anyId, code, timestamp: isoTime },
      { type: 'online_status', users: [], timestamp: isoTime },
    ]);
  });
});

describe('who comes', () => {
  it('as somebody else, or without a good token, is closed at once', async () => {
    const team = teamAt(server.url);
    expect(await endAt(server.url, `/ws/bob?token=${tokenOf(team, 'ada')}`)).toEqual({
      code: 1008,
      reason: 'Access denied',
    });
    for (const path of ['/ws/auth', '/ws/ada', '/ws/ada?token=x']) {
      expect(await endAt(server.url, path)).toEqual({ code: 1008, reason: 'Unauthorized' });
    }
  });

  it('under a name that is reserved cannot come by the path with the name', async () => {
    const team = teamAt(server.url);
    for (const user of RESERVED.filter((name) => name !== 'projects' && name !== 'sessions')) {
      const client = await openDialect(server.url, `/ws/${user}?token=${tokenOf(team, user)}`);
      if (user === 'auth') await eventually(() => expect(client.of('online_users')).toHaveLength(1));
      else expect(client.of('online_users')).toEqual([]);
      client.close();
    }
    for (const user of ['projects', 'sessions']) {
      await expect(openDialect(server.url, `/ws/${user}?token=${tokenOf(team, user)}`)).rejects.toThrow('404');
    }
  });
});
