// Users and API keys over REST, and what becomes of live connections.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { callerAt } from '../support/caller.js';

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

function pair() {
  const tenant = randomUUID();
  const ada = callerAt(server.url, { user: 'ada', name: 'Ada', tenant });
  return { ada, boss: callerAt(server.url, { user: 'boss', tenant, roles: ['admin'] }) };
}

describe('a user', () => {
  it('is shown to themselves and to admins', async () => {
    const { ada, boss } = pair();
    const own = await ada.get('/users/ada');
    expect([own.status, own.body]).toEqual([200, expect.objectContaining({ id: 'ada', name: 'Ada', active: true })]);
    expect((await boss.get('/users/ada')).body.name).toBe('Ada');
    expect((await ada.get('/users/boss')).status).toBe(403);
    expect((await boss.get('/users/nobody')).status).toBe(404);
  });

  it('P8: who is switched off is thrown out and refused, until switched on again', async () => {
    const { ada, boss } = pair();
    const listener = await ada.listen('global');
    expect((await ada.patch('/users/ada', { active: false })).status).toBe(403);
    expect((await boss.patch('/users/ada', { active: 'no' })).status).toBe(400);
    const off = await boss.patch('/users/ada', { active: false });
    expect([off.status, off.body.active]).toEqual([200, false]);
    await eventually(() => expect(listener.socket.connected).toBe(false));
    expect((await ada.get('/projects')).status).toBe(401);
    await expect(ada.listen()).rejects.toThrow();
    await boss.patch('/users/ada', { active: true });
    expect((await ada.get('/projects')).status).toBe(200);
  });
});

describe('an API key', () => {
  it('works wherever a token does, until it is revoked', async () => {
    const { boss, ada } = pair();
    expect((await ada.post('/api-keys', { name: 'ci', roles: ['publisher'] })).status).toBe(403);
    const made = await boss.post('/api-keys', { name: 'ci', roles: ['publisher'] });
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ name: 'ci', roles: ['publisher'] })]);
    const key = String(made.body.key);
    expect(key).toMatch(/^rc_/);
    const ci = callerAt(server.url, key);
    const event = { event: 'operation.failed', data: { project_id: '42', operation: 'x', error: 'y' } };
    expect((await ci.post('/events', event)).status).toBe(201);
    const listener = await ci.listen('project:42');
    const listed = (await boss.get('/api-keys')).body.items as object[];
    expect(JSON.stringify(listed)).not.toContain(key);
    expect(listed).toHaveLength(1);
    expect((await boss.delete(`/api-keys/${String(made.body.id)}`)).status).toBe(204);
    await eventually(() => expect(listener.socket.connected).toBe(false));
    expect((await ci.post('/events', event)).status).toBe(401);
  });
});
