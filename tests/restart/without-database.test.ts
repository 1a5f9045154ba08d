// A server whose database cannot be reached is told to stop: it does not wait for it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, projectFact } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';

// The embedded database has no way to it that could be cut.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;
const DRAIN_SECONDS = 3;

onPostgres('the server, told to stop while its database cannot be reached', () => {
  let database: TestDatabase;
  let way: Way;
  let server: ServerProcess;
  const clients: PlainClient[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(String(database.databaseUrl));
    way = await openWay({ host: url.hostname, port: Number(url.port || 5432) });
    [url.hostname, url.port] = ['127.0.0.1', String(way.port)];
    const env = { ...database.env, DATABASE_URL: url.href, DRAIN_SECONDS: String(DRAIN_SECONDS) };
    server = await startServer({ env });
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    way.mend();
    await server.stop();
    await way.close();
    await database.drop();
  });

  it.each(['refuses', 'does not answer'] as const)('ends in time where it %s', async (how) => {
    const { ada, bot } = teamAt(server.url);
    const client = await ada.listen('project:42');
    clients.push(client);
    await bot.post('/events', projectFact('42', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
    if (how === 'refuses') way.cut();
    else way.stall();
    const begun = Date.now();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(Date.now() - begun).toBeLessThan(DRAIN_SECONDS * 1_000 + 500);
    expect(client.names()).toContain('session.closing');
    way.mend();
    await server.start();
  });
});
