import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../tests/support/eventually.js';
import { projectsOfRepository } from '../../src/projects/project-store.js';
import { query } from '../../src/storage/query.js';
import { inTransaction } from '../../src/storage/transaction.js';
import { listen, type Caller, type ListeningApi } from '../http/listening-api.js';

let api: ListeningApi;
beforeAll(async () => {
  api = await listen();
});
afterAll(() => api.close());

const told = (caller: Caller) => api.broadcaster.recorded(caller.tenant);

describe('making a project', () => {
  it('answers it and tells its room and everybody, as one transaction', async () => {
    const ada = api.caller();
    const { status, body } = await ada.post('/projects', {
      name: 'Atlas',
      repository_url: 'https://github.com/acme/atlas',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Atlas',
      repository_url: 'https://github.com/acme/atlas',
      status: 'active',
      created_by: 'ada',
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      updated_at: body.created_at,
    });
    expect(await told(ada)).toEqual([
      {
        event: 'project.created',
        data: {
          project_id: body.id,
          project_name: 'Atlas',
          repository_url: 'https://github.com/acme/atlas',
          status: 'active',
          updated_by: 'ada',
          changes: {},
        },
        rooms: [`project:${String(body.id)}`, 'global'],
        caller: 'ada',
      },
    ]);
  });

  it('takes null for what is absent', async () => {
    const ada = api.caller();
    const { body } = await ada.post('/projects', { id: null, name: 'Atlas', repository_url: null, status: null });
    expect(body).toMatchObject({ repository_url: null, status: 'active' });
    expect((await told(ada))[0]?.data).not.toHaveProperty('repository_url');
  });

  it('refuses an id that is taken, and tells nothing', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const again = await ada.post('/projects', { id: '42', name: 'Other' });
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    expect((await ada.get('/projects/42')).body.name).toBe('Atlas');
    expect(await told(ada)).toHaveLength(1);
  });

  it('gives the same id to projects of two tenants', async () => {
    const [ada, bob] = [api.caller(), api.caller({ user: 'bob' })];
    expect((await ada.post('/projects', { id: '42', name: 'Ours' })).status).toBe(201);
    expect((await bob.post('/projects', { id: '42', name: 'Theirs' })).status).toBe(201);
    expect((await ada.get('/projects/42')).body.name).toBe('Ours');
  });

  it('names every bad field', async () => {
    const bad = { id: 'a b', name: '', repository_url: 7, status: 'x\0' };
    const { status, body } = await api.caller().post('/projects', bad);
    expect([status, body.code]).toEqual([400, 'bad_request']);
    const issues = body.issues as { path: string }[];
    expect(issues.map(({ path }) => path)).toEqual(['id', 'name', 'repository_url', 'status']);
  });

  it('leaves neither row nor event when the transaction fails', async () => {
    const ada = api.caller();
    api.broadcaster.failNext(new Error('the log is full'));
    expect((await ada.post('/projects', { id: '42', name: 'Atlas' })).status).toBe(500);
    expect((await ada.get('/projects/42')).status).toBe(404);
    expect(await told(ada)).toEqual([]);
  });
});

describe('reading projects', () => {
  it('gives the position of the room with the project', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    expect((await ada.get('/projects/42')).body).toMatchObject({ id: '42', position: { offset: 1, epoch: 'e' } });
  });

  it('does not know the projects of another tenant', async () => {
    const [ada, eve] = [api.caller(), api.caller({ user: 'eve', roles: ['admin'] })];
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const answers = [
      await eve.get('/projects/42'),
      await eve.patch('/projects/42', { name: 'Mine' }),
      await eve.put('/projects/42', { name: 'Mine' }),
      await eve.delete('/projects/42'),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(Array(4).fill([404, 'not_found']));
    expect((await eve.get('/projects')).body).toEqual({ items: [], next_cursor: null });
    expect((await ada.get('/projects/42')).body.name).toBe('Atlas');
  });

  it('does not find what cannot be an id', async () => {
    const ada = api.caller();
    for (const id of ['%00', 'a%20b', '%F0%9F%98%80', 'x'.repeat(129)]) {
      expect((await ada.get(`/projects/${id}`)).status).toBe(404);
    }
  });

  it('lists the newest first', async () => {
    const ada = api.caller();
    for (const id of ['1', '2', '3']) await ada.post('/projects', { id, name: id });
    const { items } = (await ada.get('/projects')).body as { items: { id: string }[] };
    expect(items.map(({ id }) => id)).toEqual(['3', '2', '1']);
  });
});

describe('changing a project', () => {
  it.each(['put', 'patch'] as const)('by %s changes only the fields given, and tells them', async (method) => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas', repository_url: 'https://github.com/acme/atlas' });
    const bob = api.caller({ tenant: ada.tenant, user: 'bob' });
    const { status, body } = await bob[method]('/projects/42', { status: 'archived', unknown: 1, name: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: '42', name: 'Atlas', status: 'archived', created_by: 'ada' });
    expect((await told(ada)).at(-1)).toEqual({
      event: 'project.updated',
      data: {
        project_id: '42',
        project_name: 'Atlas',
        repository_url: 'https://github.com/acme/atlas',
        status: 'archived',
        updated_by: 'bob',
        changes: { status: 'archived' },
      },
      rooms: ['project:42', 'global'],
      caller: 'bob',
    });
    expect((await ada.get('/projects/42')).body).toMatchObject({ name: 'Atlas', status: 'archived' });
  });

  it('tells each accepted change, also one to the same value and one of nothing', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    await ada.patch('/projects/42', { name: 'Atlas' });
    await ada.patch('/projects/42', {});
    expect((await told(ada)).slice(1).map(({ data }) => data.changes)).toEqual([{ name: 'Atlas' }, {}]);
  });

  it('keeps both of two changes at once to different fields', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    for (let round = 0; round < 10; round++) {
      const [name, status] = [`name ${String(round)}`, `status ${String(round)}`];
      await Promise.all([ada.patch('/projects/42', { name }), ada.patch('/projects/42', { status })]);
      expect((await ada.get('/projects/42')).body).toMatchObject({ name, status });
      expect((await told(ada)).at(-1)?.data).toMatchObject({ project_name: name, status });
    }
  });

  it('matches webhooks by the new address', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas', repository_url: 'https://github.com/acme/atlas' });
    await ada.patch('/projects/42', { repository_url: 'git@github.com:Acme/Globe.git' });
    const rows: unknown = await api.storage.dataSource.query('select repository_key from projects where tenant = $1', [
      ada.tenant,
    ]);
    expect(rows).toEqual([{ repository_key: 'github.com/acme/globe' }]);
  });

  it('leaves neither change nor event when the transaction fails', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    api.broadcaster.failNext(new Error('the log is full'));
    expect((await ada.patch('/projects/42', { name: 'Globe' })).status).toBe(500);
    expect((await ada.get('/projects/42')).body.name).toBe('Atlas');
    expect(await told(ada)).toHaveLength(1);
  });
});

describe('deleting a project', () => {
  it('is for the owner and admins', async () => {
    const ada = api.caller();
    for (const id of ['1', '2']) await ada.post('/projects', { id, name: 'Atlas' });
    const publisher = api.caller({ tenant: ada.tenant, user: 'bob', roles: ['publisher'] });
    const refused = await publisher.delete('/projects/1');
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    expect((await ada.delete('/projects/1')).status).toBe(204);
    const admin = api.caller({ tenant: ada.tenant, user: 'cleo', roles: ['admin'] });
    expect((await admin.delete('/projects/2')).status).toBe(204);
    expect((await told(ada)).slice(2).map(({ event, data }) => [event, data.project_id, data.updated_by])).toEqual([
      ['project.deleted', '1', 'ada'],
      ['project.deleted', '2', 'cleo'],
    ]);
  });

  it('hides it everywhere and keeps its id taken', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    await ada.delete('/projects/42');
    expect((await ada.get('/projects/42')).status).toBe(404);
    expect((await ada.patch('/projects/42', { name: 'Globe' })).status).toBe(404);
    expect((await ada.delete('/projects/42')).status).toBe(404);
    expect((await ada.get('/projects')).body.items).toEqual([]);
    expect((await ada.post('/projects', { id: '42', name: 'Again' })).body.code).toBe('conflict');
    expect(await told(ada)).toHaveLength(2);
  });

  it('happens once when asked for twice at once', async () => {
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const answers = await Promise.all([ada.delete('/projects/42'), ada.delete('/projects/42')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect(await told(ada)).toHaveLength(2);
  });
});

describe('the projects of a repository', () => {
  const repository = () => `acme/${randomUUID()}`;
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  const found = (name: string) =>
    inTransaction(api.storage.dataSource, (manager) => projectsOfRepository(manager, `github.com/${name}`));

  it('are those of all tenants that are not deleted, however their address was written', async () => {
    const name = repository();
    const [ada, bob] = [api.caller({ tenant: `a-${name.slice(5)}` }), api.caller({ tenant: `b-${name.slice(5)}` })];
    await bob.post('/projects', { id: '1', name: 'Atlas', repository_url: `git@github.com:${name}.git` });
    await ada.post('/projects', { id: '2', name: 'Atlas', repository_url: `https://github.com/${name.toUpperCase()}` });
    await ada.post('/projects', { id: '1', name: 'Atlas', repository_url: `https://github.com/${name}/issues` });
    await ada.post('/projects', { id: '3', name: 'Other', repository_url: `https://github.com/${name}-2` });
    await ada.post('/projects', { id: '4', name: 'Gone', repository_url: `https://github.com/${name}` });
    await ada.delete('/projects/4');
    expect(await found(name)).toEqual([
      { tenant: ada.tenant, id: '1' },
      { tenant: ada.tenant, id: '2' },
      { tenant: bob.tenant, id: '1' },
    ]);
  });

  it('are not deleted while what they are told is being written', async () => {
    const name = repository();
    const ada = api.caller();
    await ada.post('/projects', { id: '42', name: 'Atlas', repository_url: `https://github.com/${name}` });
    const order: string[] = [];
    let deleting: Promise<unknown> = Promise.resolve();
    await inTransaction(api.storage.dataSource, async (manager) => {
      await projectsOfRepository(manager, `github.com/${name}`);
      deleting = ada.delete('/projects/42').then(() => order.push('deleted'));
      // On the embedded database the deletion waits for the only connection.
      if (api.storage.kind === 'postgres') await eventually(async () => (await query(manager, waiting)).length > 0);
      order.push('told');
    });
    await deleting;
    expect(order).toEqual(['told', 'deleted']);
  });
});
