// The end of a token on a live connection: announced, renewed in place, and without that the transport is closed.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connectionEvents } from '@roomcast/protocol';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, type Team } from '../support/team.js';
import { testToken } from '../support/tokens.js';

/** The server's clock may differ from the issuer's by this much, so a token is taken until then. */
const TOLERANCE_SECONDS = 5;
const GRACE_SECONDS = 25;
/** How long a token is still taken: time enough for two connections on a busy machine. */
const LIFE_SECONDS = 10;
let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function connect({ tenant }: Team, expiresInSeconds: number): Promise<PlainClient> {
  const token = testToken({ user: 'ada', tenant, expiresInSeconds });
  const client = await connectPlainClient(server.url, { token });
  clients.push(client);
  return client;
}

const heardAs = (client: PlainClient, name: string) => client.heard.filter(({ event }) => event === name);

describe('a token that ends within a minute', () => {
  it('is announced once, renewed in place, and announced again when the new one ends', async () => {
    const team = teamAt(server.url);
    const client = await connect(team, 55);
    await client.subscribe('project:42');
    await eventually(() => expect(heardAs(client, 'auth.expiring')).toHaveLength(1));
    const { expires_at } = connectionEvents['auth.expiring'].parse(heardAs(client, 'auth.expiring')[0]?.data);
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now() + 40_000);
    const renew = (expiresInSeconds: number) =>
      client.ask('auth.refresh', { token: testToken({ user: 'ada', tenant: team.tenant, expiresInSeconds }) });
    const renewed = await renew(50);
    expect(renewed.status).toBe('success');
    await eventually(() => expect(heardAs(client, 'auth.expiring')).toHaveLength(2));
    expect(heardAs(client, 'auth.expiring')[1]?.data).toEqual({ expires_at: renewed.expires_at });
    await renew(3_600);
    await team.bot.post('/events', projectFact('42', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
    expect(heardAs(client, 'auth.expiring')).toHaveLength(2);
  });

  it('that is not renewed ends the connection after a grace, so that the client comes back with a new one', async () => {
    const team = teamAt(server.url);
    const expired = Date.now() + LIFE_SECONDS * 1_000;
    const client = await connect(team, LIFE_SECONDS - TOLERANCE_SECONDS);
    const renewing = await connect(team, LIFE_SECONDS - TOLERANCE_SECONDS);
    let reason: string | undefined;
    client.socket.on('disconnect', (why) => (reason = why));
    await renewing.ask('auth.refresh', { token: testToken({ user: 'ada', tenant: team.tenant }) });
    const withinMs = (LIFE_SECONDS + GRACE_SECONDS) * 1_000;
    await eventually(() => expect(heardAs(client, 'auth.expired')).toHaveLength(1), { withinMs });
    expect(Date.now() - expired).toBeGreaterThan((GRACE_SECONDS - TOLERANCE_SECONDS) * 1_000 - 2_000);
    await eventually(() => expect(reason).toBe('transport close'));
    expect(client.names()).toEqual(['auth.expiring', 'auth.expired']);
    expect(renewing.socket.connected).toBe(true);
    expect(heardAs(renewing, 'auth.expired')).toEqual([]);
  });
});
