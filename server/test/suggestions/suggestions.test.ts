import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen, type ListeningApi } from '../http/listening-api.js';

let api: ListeningApi;
beforeAll(async () => {
  api = await listen();
});
afterAll(() => api.close());

const suggestion = {
  target_type: 'pr',
  target_id: '1347',
  category: 'performance',
  title: 'Cache the parsed schema',
  description: 'The schema is parsed for each request.',
  severity: 'warning',
  confidence: 0.8,
  suggested_action: 'Parse once.',
  metadata: { lines: [1, 2] },
  project_id: '42',
};

describe('a suggestion', () => {
  it('is kept and told to the room of its project', async () => {
    const bot = api.caller({ user: 'bot', roles: ['publisher'] });
    const { status, body } = await bot.post('/suggestions', { suggestion_id: 's-1', ...suggestion });
    expect(status).toBe(201);
    expect(body).toEqual({ suggestion_id: 's-1', ...suggestion, created_at: expect.stringMatching(/Z$/) });
    expect(await api.broadcaster.recorded(bot.tenant)).toEqual([
      {
        event: 'ai.suggestion',
        data: { suggestion_id: 's-1', ...suggestion },
        rooms: ['project:42'],
        caller: 'bot',
      },
    ]);
    const member = api.caller({ tenant: bot.tenant });
    expect((await member.get('/suggestions?project_id=42')).body).toEqual({ items: [body], next_cursor: null });
    expect((await member.get('/suggestions?project_id=43')).body.items).toEqual([]);
    expect((await api.caller().get('/suggestions?project_id=42')).body.items).toEqual([]);
  });

  it('gets an id and the defaults where nothing is said', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    const { target_type, target_id, category, title, description, project_id } = suggestion;
    const least = { target_type, target_id, category, title, description, project_id };
    const { status, body } = await bot.post('/suggestions', { ...least, suggestion_id: null, suggested_action: null });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...least, severity: 'info', confidence: 0.5, metadata: {} });
    expect(body.suggestion_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(body).not.toHaveProperty('suggested_action');
  });

  it('takes its id under the name of other resources too', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    expect((await bot.post('/suggestions', { id: 's-7', ...suggestion })).body.suggestion_id).toBe('s-7');
  });

  it('is refused when the id is taken, and nothing is told', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    await bot.post('/suggestions', { suggestion_id: 's-1', ...suggestion });
    const again = await bot.post('/suggestions', { suggestion_id: 's-1', ...suggestion, title: 'Other' });
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    expect(await api.broadcaster.recorded(bot.tenant)).toHaveLength(1);
  });

  it('is posted by publishers only', async () => {
    expect((await api.caller().post('/suggestions', suggestion)).body.code).toBe('forbidden');
  });

  it('names every bad field', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    const bad = { ...suggestion, title: undefined, severity: 'fatal', confidence: 2, metadata: { a: '\ud800' } };
    const { status, body } = await bot.post('/suggestions', bad);
    const paths = (body.issues as { path: string }[]).map(({ path }) => path);
    expect([status, paths.sort()]).toEqual([400, ['confidence', 'metadata', 'severity', 'title']]);
  });

  it('is listed by project only', async () => {
    const { status, body } = await api.caller().get('/suggestions');
    expect([status, (body.issues as { path: string }[])[0]?.path]).toEqual([400, 'project_id']);
  });

  it('of a deleted project is not found', async () => {
    const admin = api.caller({ roles: ['admin'] });
    await admin.post('/projects', { id: '42', name: 'Atlas' });
    await admin.post('/suggestions', suggestion);
    await admin.delete('/projects/42');
    expect((await admin.get('/suggestions?project_id=42')).status).toBe(404);
    expect((await admin.post('/suggestions', suggestion)).status).toBe(404);
  });

  it('leaves neither row nor event when the transaction fails', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    api.broadcaster.failNext(new Error('the log is full'));
    expect((await bot.post('/suggestions', suggestion)).status).toBe(500);
    expect((await bot.get('/suggestions?project_id=42')).body.items).toEqual([]);
    expect(await api.broadcaster.recorded(bot.tenant)).toEqual([]);
  });
});
