// The native protocol over an ordinary WebSocket: its frames, how one gets in, and how one is sent away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connectionEvents, envelope } from '@roomcast/protocol';
import { WebSocket } from 'ws';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeNativeClients, connectNativeClient, endOf, openNativeClient } from '../support/native-client.js';
import { connectPlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt } from '../support/team.js';
import { testToken } from '../support/tokens.js';

const ORIGIN = 'https://app.example.com';

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({
    env: {
      ...database.env,
      CORS_ORIGINS: ORIGIN,
      MAX_FRAME_BYTES: '4096',
      PING_INTERVAL_MS: '400',
      PING_TIMEOUT_MS: '400',
    },
  });
});
afterEach(closeNativeClients);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const connect = (token: string) => connectNativeClient(server.url, { token });

/** How an upgrade that is not completed is answered. */
function refusal(path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const ws = new WebSocket(server.url.replace('http', 'ws') + path, { headers });
  ws.on('error', () => {});
  return new Promise((resolve, reject) => {
    ws.once('unexpected-response', (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    ws.once('open', () => reject(new Error('it was opened')));
  });
}

describe('frames of the native protocol', () => {
  it('are a welcome first, acks under the id that was given, and envelopes as over Socket.IO', async () => {
    const { ada, bot } = teamAt(server.url);
    const client = await connect(ada.credential);
    const plain = await ada.listen('project:42');
    expect(client.heard).toMatchObject([{ event: 'connection_established', timestamp: expect.any(String) }]);
    connectionEvents.connection_established.parse(client.heard[0]?.data);
    client.say('{"id": 7, "event": "subscribe", "data": {"room": "project:42"}}');
    await eventually(() => expect(client.texts).toHaveLength(2));
    expect(JSON.parse(client.texts[1]!)).toMatchObject({
      id: 7,
      event: 'ack',
      data: { status: 'success', room: 'project:42', stream: 'tenant', offset: 0, recovered: true, has_more: false },
      timestamp: expect.any(String),
    });
    await bot.post('/events', projectFact('42', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
    await eventually(() => expect(plain.facts()).toEqual(client.facts()));
    envelope.strict().parse(JSON.parse(client.texts[2]!));
    plain.close();
  });

  it('hold a command; one without an id is answered only if it fails', async () => {
    const { bot } = teamAt(server.url);
    const client = await connect(bot.credential);
    await client.subscribe('project:42');
    client.tell('events.emit', projectFact('42', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
    client.tell('unsubscribe', { room: 'project:43' });
    await eventually(() => expect(client.heard).toHaveLength(3));
    expect(client.heard[2]).toMatchObject({
      event: 'error',
      data: { code: 'not_found', message: expect.any(String), retryable: false },
      timestamp: expect.any(String),
    });
    expect(client.texts).toHaveLength(4);
  });

  it.each([
    ['not JSON', 'nonsense', []],
    ['no object', '[1, 2]', ['']],
    ['without the name of a command', '{"id": 1, "data": {}}', ['event']],
    ['under an id of another type', '{"id": {}, "event": "subscribe"}', ['id']],
    ['a command that there is not', '{"event": "constructor", "data": {}}', []],
    ['a command whose payload does not fit', '{"event": "subscribe", "data": {"room": 5}}', ['room']],
    ['binary', Buffer.from('{"event": "debug:rooms"}'), []],
  ])('that are %s are answered by one error, and the connection stays', async (_what, frame, paths) => {
    const { ada } = teamAt(server.url);
    const client = await connect(ada.credential);
    client.ws.send(frame);
    await eventually(() => expect(client.heard).toHaveLength(2));
    const { event, data } = client.heard[1]!;
    expect({ event, code: data.code, retryable: data.retryable }).toEqual({
      event: 'error',
      code: 'bad_request',
      retryable: false,
    });
    expect(((data.issues ?? []) as { path: string }[]).map(({ path }) => path)).toEqual(paths);
    expect(await client.ask('debug:rooms')).toMatchObject({ status: 'success', rooms: [{ room: 'user:ada' }] });
    expect(client.heard).toHaveLength(2);
  });

  it('may be the word ping, which is answered with pong', async () => {
    const client = await connect(teamAt(server.url).ada.credential);
    client.say('ping');
    await eventually(() => expect(client.texts.at(-1)).toBe('pong'));
    expect(client.heard).toHaveLength(1);
  });
});

describe('who comes to the native door', () => {
  it.each(['/ws', '/ws/', '/api/ws/v1'])('is taken at %s with a token in a header', async (path) => {
    const { ada } = teamAt(server.url);
    const headers = { authorization: `Bearer ${ada.credential}`, origin: ORIGIN };
    const client = await connectNativeClient(server.url, { path, headers });
    expect(client.heard).toHaveLength(1);
  });

  it('may send the token in a first frame, and more in the same breath', async () => {
    const { ada } = teamAt(server.url);
    const client = await openNativeClient(server.url);
    client.say('ping');
    client.say('{"event": "subscribe", "data": {"room": "global"}}');
    await eventually(() => expect(client.texts).toHaveLength(2));
    expect(client.texts[0]).toBe('pong');
    expect(client.heard).toMatchObject([{ event: 'error', data: { code: 'unauthorized' } }]);
    client.tell('auth', { token: ada.credential });
    expect(await client.subscribe('project:42')).toMatchObject({ recovered: true });
    expect(client.names()).toEqual(['error']);
    expect(await client.ask('debug:rooms')).toMatchObject({ rooms: [{ room: 'user:ada' }, { room: 'project:42' }] });
  });

  it('without a token is sent away after five seconds', async () => {
    const client = await openNativeClient(server.url);
    await eventually(() => expect(client.ended).toEqual({ code: 1008, reason: 'Unauthorized' }));
  });

  it.each([
    ['nonsense', 'nonsense', 'Unauthorized'],
    ['a token that has ended', testToken({ user: 'ada', expiresInSeconds: -60 }), 'Token expired'],
  ])('with %s is sent away at once', async (_what, token, reason) => {
    expect(await endOf(server.url, { token })).toEqual({ code: 1008, reason });
    const client = await openNativeClient(server.url);
    client.tell('auth', { token });
    await eventually(() => expect(client.ended).toEqual({ code: 1008, reason }));
  });

  it('finds no door at paths that nobody knows', async () => {
    for (const path of ['/', '/wsx', '/api/wsx', '/api/v1/projects']) expect(await refusal(path)).toBe(404);
  });

  it('is turned away from pages of foreign origins, over Socket.IO as well', async () => {
    const headers = { origin: 'https://evil.example.com' };
    expect(await refusal('/ws', headers)).toBe(403);
    expect(await refusal('/socket.io/?EIO=4&transport=websocket', headers)).toBe(403);
  });

  it('may be a page of the server itself', async () => {
    const { ada } = teamAt(server.url);
    const client = await connectNativeClient(server.url, { token: ada.credential, headers: { origin: server.url } });
    expect(client.heard).toHaveLength(1);
  });

  it('does not get in the way of Socket.IO', async () => {
    const { ada } = teamAt(server.url);
    const token = ada.credential;
    const plain = await connectPlainClient(server.url, { token, transport: 'upgrade', namespace: '/ws' });
    expect((await plain.subscribe('global')).recovered).toBe(true);
    plain.close();
  });
});

describe('a native connection', () => {
  it('is one of the five that a user may have, over all doors', async () => {
    const team = teamAt(server.url);
    const { credential: token } = team.ada;
    const plain = await connectPlainClient(server.url, { token });
    const others = await Promise.all([1, 2, 3, 4].map(() => connect(token)));
    expect(await endOf(server.url, { token })).toEqual({ code: 1008, reason: 'Too many connections' });
    others[0]?.close();
    await eventually(() => connect(token));
    plain.close();
  });

  it('is not compressed as long as WS_COMPRESSION is off', async () => {
    const { ada } = teamAt(server.url);
    const client = await connectNativeClient(server.url, { token: ada.credential, compression: true });
    expect(client.ws.extensions).toBe('');
  });

  it('that answers no ping is gone', async () => {
    const { ada } = teamAt(server.url);
    const { credential: token } = ada;
    const silent = new WebSocket(`${server.url.replace('http', 'ws')}/ws?token=${token}`, { autoPong: false });
    const ended = new Promise((resolve) => silent.once('close', resolve));
    const client = await connect(token);
    expect(await ended).toBe(1006);
    expect(client.ended).toBeUndefined();
  });

  it('is ended with its reason when its user is made inactive', async () => {
    const { ada, boss } = teamAt(server.url);
    const client = await connect(ada.credential);
    expect((await boss.patch('/users/ada', { active: false })).status).toBe(200);
    await eventually(() => expect(client.ended).toEqual({ code: 1008, reason: 'Access denied' }));
    expect(await endOf(server.url, { token: ada.credential })).toEqual({ code: 1008, reason: 'Unauthorized' });
  });

  it('is ended for a frame that is too large', async () => {
    const client = await connect(teamAt(server.url).ada.credential);
    client.say('x'.repeat(4_097));
    await eventually(() => expect(client.ended?.code).toBe(1009));
  });
});
