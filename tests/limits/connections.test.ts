// How many live connections a user and a node may have, and how places become free again.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { connectPlainClient, refusalOf, type PlainClient } from '../support/plain-client.js';
import { connectRaw, openRawSocketIo, type RawSocketIo } from '../support/raw-socketio.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';

const OF_A_USER = 2;
const OF_THE_NODE = 6;
const PING_INTERVAL_MS = 500;
// Long enough for the clients of this test on a busy machine.
const PING_TIMEOUT_MS = 2_000;

let database: TestDatabase;
let server: ServerProcess;
const opened: { close(): void }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({
    env: {
      ...database.env,
      MAX_CONNECTIONS_PER_USER: String(OF_A_USER),
      MAX_CONNECTIONS: String(OF_THE_NODE),
      PING_INTERVAL_MS: String(PING_INTERVAL_MS),
      PING_TIMEOUT_MS: String(PING_TIMEOUT_MS),
    },
  });
});
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await eventually(async () => expect(await connections()).toBe(0));
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const connections = async () => (await metricsOf(server.url)).value('roomcast_connections');

async function connect(user: string, options: Parameters<typeof connectPlainClient>[1] = {}): Promise<PlainClient> {
  const client = await connectPlainClient(server.url, { token: testToken({ user }), ...options });
  opened.push(client);
  return client;
}

async function connectRawly(user: string): Promise<RawSocketIo> {
  const connection = await connectRaw(server.url, testToken({ user }));
  opened.push(connection);
  return connection;
}

const refusal = async (user: string) => (await refusalOf(server.url, { token: testToken({ user }) })).data;
const limitReached = { code: 'connection_limit', retryable: true };

describe('a user', () => {
  it('has so many connections, over all namespaces and transports', async () => {
    await connect('ada', { namespace: '/ws' });
    await connect('ada', { transport: 'polling' });
    expect(await refusal('ada')).toMatchObject(limitReached);
    await connect('bob');
    expect(await connections()).toBe(3);
  });

  it('has a place again when a connection says goodbye, or is just gone', async () => {
    const [polite, rude] = [await connect('ada'), await connectRawly('ada')];
    polite.close();
    await eventually(() => connect('ada'));
    expect(await refusal('ada')).toMatchObject(limitReached);
    rude.wire.destroy();
    await eventually(() => connect('ada'));
  });

  it('has a place again when a connection has left its namespace', async () => {
    const [one] = [await connectRawly('ada'), await connect('ada')];
    one.wire.send('41');
    await eventually(() => connect('ada'));
  });

  it('has a place again when a connection has not been heard of for a heartbeat', async () => {
    await connect('ada');
    const silent = await openRawSocketIo(server.url, { auth: { token: testToken({ user: 'ada' }) }, silent: true });
    opened.push(silent);
    await silent.greeting;
    expect(await refusal('ada')).toMatchObject(limitReached);
    await silent.wire.end;
    await connect('ada');
  });

  it('never has more than that, however many come at once', async () => {
    const token = testToken({ user: 'ada' });
    const tried = Array.from({ length: 40 }, () => openRawSocketIo(server.url, { auth: { token } }));
    const greetings = await Promise.all(
      tried.map(async (open) => {
        const connection = await open;
        opened.push(connection);
        return connection.greeting;
      }),
    );
    expect(greetings.filter(({ sid }) => sid !== undefined)).toHaveLength(OF_A_USER);
    expect(greetings.filter(({ data }) => data?.code === 'connection_limit')).toHaveLength(40 - OF_A_USER);
    expect(await connections()).toBe(OF_A_USER);
  });

  it('never has two connections over one transport and namespace; who asks for a second loses the first', async () => {
    const connection = await openRawSocketIo(server.url, {});
    opened.push(connection);
    const ask = `40${JSON.stringify({ token: testToken({ user: 'ada' }) })}`;
    for (let n = 0; n < 20; n++) connection.wire.send(ask);
    // Those that came while the first was being answered were refused; the next one comes after it.
    await eventually(() => {
      connection.wire.send(ask);
      return connection.wire.ended !== undefined;
    });
    expect(connection.wire.received.filter((text) => text.startsWith('40')).length).toBeLessThan(2);
    await eventually(async () => expect(await connections()).toBe(0));
    await Promise.all([connect('ada'), connect('ada')]);
  });
});

describe('a node', () => {
  it('that is full refuses connections and says when to come again; it still answers requests', async () => {
    const users = Array.from({ length: OF_THE_NODE }, (_, n) => `user-${String(n)}`);
    const inside = await Promise.all(users.map((user) => connect(user)));
    expect(await refusal('late')).toMatchObject({
      code: 'overloaded',
      retryable: true,
      retry_after_ms: expect.any(Number),
    });
    expect((await callerAt(server.url, { user: 'late' }).get('/stats')).status).toBe(200);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    inside[0]?.close();
    await eventually(() => connect('late'));
  });

  it('has logged the first refusal of each kind, and counted all', async () => {
    const refusals = server
      .logs()
      .split('\n')
      .filter((line) => line.includes('refused by'))
      .map((line) => (JSON.parse(line) as { setting: string }).setting);
    expect(refusals.sort()).toEqual(['MAX_CONNECTIONS', 'MAX_CONNECTIONS_PER_USER']);
    const metrics = await metricsOf(server.url);
    expect(metrics.value('roomcast_drops_total', 'reason="max_connections"')).toBeGreaterThanOrEqual(1);
    expect(metrics.value('roomcast_drops_total', 'reason="max_connections_per_user"')).toBeGreaterThan(40);
  });
});
