// While the database cannot be reached every request is answered, and nothing that was refused has happened.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { openWay, type Way } from '../support/way.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { callerAt, type Caller } from '../support/caller.js';

// The embedded database has no way to it that could be cut.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;

onPostgres('without its database the server', () => {
  let database: TestDatabase;
  let way: Way;
  let server: ServerProcess;
  let ada: Caller;

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(String(database.databaseUrl));
    way = await openWay({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(way.port);
    server = await startServer({ env: { ...database.env, DATABASE_URL: url.href } });
    ada = callerAt(server.url, { user: 'ada' });
    await ada.post('/projects', { id: '1', name: 'Before' });
  });
  afterAll(async () => {
    await server.stop();
    await way.close();
    await database.drop();
  });

  it('answers unavailable and when to come again, says that it is not ready, and recovers', async () => {
    way.cut();
    const { status, headers, body } = await ada.post('/projects', { id: '2', name: 'Refused' });
    expect([status, body.code, body.retryable]).toEqual([503, 'unavailable', true]);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ada.get('/projects/1')).status).toBe(503);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await eventually(async () => {
      const ready = await fetch(`${server.url}/ready`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('database')]);
    });
    way.mend();
    await eventually(async () => expect((await ada.get('/projects/2')).status).toBe(404));
    expect((await ada.post('/projects', { id: '2', name: 'After' })).status).toBe(201);
    await eventually(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(200));
    const events = (await ada.get('/rooms/global/events')).body.events as { data: { project_name: string } }[];
    expect(events.map(({ data }) => data.project_name)).toEqual(['Before', 'After']);
  });
});
