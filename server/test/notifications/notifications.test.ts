import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen, type Caller, type ListeningApi } from '../http/listening-api.js';

let api: ListeningApi;
beforeAll(async () => {
  api = await listen();
});
afterAll(() => api.close());

const text = { title: 'Analysis finished', message: 'The analysis of Atlas is ready.' };

/** A publisher, and a user of the same tenant. */
function two(): { bot: Caller; ada: Caller } {
  const bot = api.caller({ user: 'bot', roles: ['publisher'] });
  return { bot, ada: api.caller({ tenant: bot.tenant, user: 'ada' }) };
}

describe('a notification', () => {
  it('is kept for its user and told to them alone', async () => {
    const { bot, ada } = two();
    const input = { user_id: 'ada', ...text, level: 'success', project_id: '42', link: '/projects/42' };
    const { status, body } = await bot.post('/notifications', { id: 'n-1', ...input });
    expect(status).toBe(201);
    expect(body).toEqual({ id: 'n-1', ...input, created_at: expect.stringMatching(/Z$/) });
    expect(await api.broadcaster.recorded(bot.tenant)).toEqual([
      { event: 'notification.created', data: { notification: body }, rooms: ['user:ada'], caller: 'bot' },
    ]);
    expect((await ada.get('/notifications')).body).toEqual({ items: [body], next_cursor: null, unread: 1 });
    expect((await bot.get('/notifications')).body).toEqual({ items: [], next_cursor: null, unread: 0 });
  });

  it('may be for a user whom nobody has seen yet', async () => {
    const { bot } = two();
    const { status, body } = await bot.post('/notifications', { user_id: 'new-one', ...text });
    expect([status, body.level]).toEqual([201, 'info']);
    const rows: unknown = await api.storage.dataSource.query('select id, name from users where tenant = $1', [
      bot.tenant,
    ]);
    expect(rows).toEqual([{ id: 'new-one', name: null }]);
  });

  it('is written by publishers only', async () => {
    const { ada } = two();
    expect((await ada.post('/notifications', { user_id: 'ada', ...text })).body.code).toBe('forbidden');
  });

  it('is refused when the id is taken; neither user nor event is left of it', async () => {
    const { bot } = two();
    await bot.post('/notifications', { id: 'n-1', user_id: 'ada', ...text });
    const again = await bot.post('/notifications', { id: 'n-1', user_id: 'eve', ...text });
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    expect(await api.broadcaster.recorded(bot.tenant)).toHaveLength(1);
    const rows: unknown = await api.storage.dataSource.query('select id from users where tenant = $1', [bot.tenant]);
    expect(rows).toEqual([{ id: 'ada' }]);
  });

  it('names every bad field', async () => {
    const { bot } = two();
    const { status, body } = await bot.post('/notifications', { user_id: 'a b', title: '', level: 'loud', link: 1 });
    const paths = (body.issues as { path: string }[]).map(({ path }) => path);
    expect([status, paths]).toEqual([400, ['user_id', 'title', 'message', 'level', 'link']]);
  });
});

describe('reading notifications', () => {
  it('marks one as read, tells all devices, and counts', async () => {
    const { bot, ada } = two();
    for (const id of ['n-1', 'n-2']) await bot.post('/notifications', { id, user_id: 'ada', ...text });
    const { status, body } = await ada.post('/notifications/n-1/read');
    expect([status, body.id, body.read_at]).toEqual([200, 'n-1', expect.stringMatching(/Z$/)]);
    expect((await api.broadcaster.recorded(bot.tenant)).at(-1)).toEqual({
      event: 'notification.updated',
      data: { notification: body },
      rooms: ['user:ada'],
      caller: 'ada',
    });
    const all = (await ada.get('/notifications')).body;
    expect([(all.items as unknown[]).length, all.unread]).toEqual([2, 1]);
    const unread = (await ada.get('/notifications?unread=true')).body;
    expect([(unread.items as { id: string }[]).map(({ id }) => id), unread.unread]).toEqual([['n-2'], 1]);
    expect((await ada.get('/notifications?unread=false')).body.items).toHaveLength(2);
  });

  it('twice, or on two devices at once, is harmless and told once', async () => {
    const { bot, ada } = two();
    await bot.post('/notifications', { id: 'n-1', user_id: 'ada', ...text });
    const read = () => ada.post('/notifications/n-1/read');
    const answers = [...(await Promise.all([read(), read(), read()])), await read()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.read_at)).size).toBe(1);
    expect(await api.broadcaster.recorded(bot.tenant)).toHaveLength(2);
  });

  it('finds one’s own only', async () => {
    const { bot, ada } = two();
    await bot.post('/notifications', { id: 'n-1', user_id: 'ada', ...text });
    const others = [
      bot,
      api.caller({ tenant: bot.tenant, user: 'eve', roles: ['admin'] }),
      api.caller({ user: 'ada' }),
    ];
    for (const other of others) {
      const { status, body } = await other.post('/notifications/n-1/read');
      expect([status, body.code]).toEqual([404, 'not_found']);
    }
    expect((await ada.get('/notifications')).body.unread).toBe(1);
  });

  it('takes true or false for unread', async () => {
    const { body } = await api.caller().get('/notifications?unread=maybe');
    expect((body.issues as { path: string }[])[0]?.path).toBe('unread');
  });

  it('leaves it unread when the transaction fails', async () => {
    const { bot, ada } = two();
    await bot.post('/notifications', { id: 'n-1', user_id: 'ada', ...text });
    api.broadcaster.failNext(new Error('the log is full'));
    expect((await ada.post('/notifications/n-1/read')).status).toBe(500);
    expect((await ada.get('/notifications')).body.unread).toBe(1);
    expect(await api.broadcaster.recorded(bot.tenant)).toHaveLength(1);
  });
});
