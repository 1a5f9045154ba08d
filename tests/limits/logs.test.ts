// What stands in the log, and what never does: ids that lead from an answer or a connection to its lines, and no token,
// whatever way it was passed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { connectPlainClient } from '../support/plain-client.js';
import { connectRaw, openRawSocketIo } from '../support/raw-socketio.js';
import { openRawWebSocket } from '../support/raw-websocket.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';

let database: TestDatabase;
let server: ServerProcess;
const secrets: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  // In production nothing is printed for whoever develops, so every line counts; and all of them are wanted.
  server = await startServer({ env: { ...database.env, NODE_ENV: 'production', LOG_LEVEL: 'trace' } });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** A token that no other test has; it is searched for in the log at the end. */
function secretToken(user: string, roles: string[] = []): string {
  const token = testToken({ user, roles });
  secrets.push(token);
  return token;
}

/** Entries of the log; the lines that tell a person about the start are none. */
const entries = () =>
  server
    .logs()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const entriesWith = (wanted: object) =>
  entries().filter((entry) => Object.entries(wanted).every(([key, value]) => entry[key] === value));

describe('a request', () => {
  const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

  it.each([
    ['that is answered', '/api/v1/projects', 200],
    ['that is refused', '/api/v1/projects/none', 404],
    ['that leads nowhere', '/nowhere', 404],
    ['about the server’s health', '/health', 200],
  ])('%s has an id, which stands in its one entry', async (_what, path, status) => {
    const headers = { authorization: `Bearer ${secretToken('ada')}` };
    const response = await fetch(`${server.url}${path}?x=secret`, { headers });
    await response.body?.cancel();
    const id = response.headers.get('x-request-id') ?? '';
    expect(id).toMatch(UUID);
    await eventually(() => expect(entriesWith({ request_id: id })).toHaveLength(1));
    expect(entriesWith({ request_id: id })[0]).toMatchObject({
      level: 'info',
      method: 'GET',
      path,
      status,
      ms: expect.any(Number),
    });
  });

  it('keeps the id that a proxy gave it, where that is one', async () => {
    const idOf = async (given: string) =>
      (await fetch(`${server.url}/health`, { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    expect(await idOf('from-the-proxy.7')).toBe('from-the-proxy.7');
    expect(await idOf('not an id')).toMatch(UUID);
    expect(await idOf('x'.repeat(200))).toMatch(UUID);
    await eventually(() => expect(entriesWith({ request_id: 'from-the-proxy.7' })).toHaveLength(1));
  });
});

describe('a connection', () => {
  it('is told its id, which stands in the entries of its beginning and end', async () => {
    const client = await connectPlainClient(server.url, { token: secretToken('ada'), namespace: '/ws' });
    await eventually(() => client.heard.length > 0);
    const { connection_id } = client.heard[0]!.data;
    client.close();
    await eventually(() => expect(entriesWith({ connection_id })).toHaveLength(2));
    expect(entriesWith({ connection_id })).toMatchObject([
      { msg: 'connected', user: 'ada', tenant: 'default', namespace: '/ws' },
      { msg: 'disconnected', user: 'ada', reason: expect.any(String) },
    ]);
  });
});

describe('what a limit refuses', () => {
  const kinds = [
    { setting: 'MAX_ROOMS_PER_CONNECTION', user: 'roomy' },
    { setting: 'MAX_FRAME_BYTES', user: 'wordy' },
  ];
  const rooms = Array.from({ length: 101 }, (_, n) => `project:${n}`);
  const tooLong = 'x'.repeat(70_000);
  const refusals = async (setting: string) =>
    (await metricsOf(server.url)).value('roomcast_drops_total', `reason="${setting.toLowerCase()}"`) ?? 0;

  it('is logged once with the setting’s name, and counted every time, by whatever door it came', async () => {
    for (const user of ['roomy', 'other']) {
      const socketio = await connectRaw(server.url, secretToken(user));
      await socketio.ask('subscribe_many', { rooms: rooms.slice(0, 100).map((room) => ({ room })) });
      socketio.close();
      const stream = await fetch(`${server.url}/api/v1/stream?rooms=${rooms.join()}&token=${secretToken(user)}`);
      expect(stream.status).toBe(429);
    }
    for (const user of ['wordy', 'other']) {
      const socketio = await connectRaw(server.url, secretToken(user));
      socketio.tell(`["subscribe",{"room":"${tooLong}"}]`);
      await socketio.wire.end;
      const native = await openRawWebSocket(server.url, `/ws?token=${secretToken(user)}`);
      native.send(tooLong);
      expect(await native.end).toEqual({ code: 1009 });
    }
    for (const { setting, user } of kinds) {
      await eventually(async () => expect(await refusals(setting)).toBe(4));
      expect(entriesWith({ setting })).toMatchObject([{ level: 'warn', user, tenant: 'default' }]);
    }
  });
});

describe('the log', () => {
  it('holds no token or key, whatever way it was passed and whether it was taken or not', async () => {
    const admin = callerAt(server.url, secretToken('boss', ['admin']));
    const { key } = (await admin.post('/api-keys', { name: 'ci', roles: ['publisher'] })).body as { key: string };
    const bad = `${testToken({ user: 'mallory' })}x`;
    secrets.push(key, bad);
    for (const credential of [secretToken('bob'), key, bad]) {
      const query = `token=${encodeURIComponent(credential)}`;
      const ways = [
        { auth: { token: credential } },
        { auth: {}, query: `&${query}` },
        { auth: { token: credential }, query: `&${query}`, namespace: '/ws' as const },
      ];
      for (const way of ways) {
        const connection = await openRawSocketIo(server.url, way);
        await connection.greeting;
        connection.close();
      }
      await callerAt(server.url, credential).get('/stats');
      await callerAt(server.url, credential).post('/projects', `{"token":"${credential}`);
      await callerAt(server.url, secretToken('ada')).get(`/projects/${credential}`);
      await fetch(`${server.url}/api/v1/stats?${query}`);
      await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&${query}`);
    }
    const connection = await connectRaw(server.url, secretToken('cleo'));
    await connection.ask('auth.refresh', { token: bad });
    await connection.ask('auth.refresh', { token: secretToken('cleo') });
    await connection.ask(secretToken('dora'), {});
    await connection.ask('subscribe', { room: secretToken('eve') });
    connection.close();
    await eventually(() => expect(entriesWith({ user: 'cleo', msg: 'disconnected' })).toHaveLength(1));

    const log = server.logs();
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      // Nor what would be enough of it.
      expect(log).not.toContain(secret.split('.').at(-1));
    }
    expect(log).not.toMatch(/\bey[\w-]+\.[\w-]+\./);
    expect(log).not.toMatch(/rc_[\w-]{10}/);
    expect(log).not.toContain('secret');
  });
});
