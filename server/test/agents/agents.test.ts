import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen, type ListeningApi } from '../http/listening-api.js';

let api: ListeningApi;
beforeAll(async () => {
  api = await listen();
});
afterAll(() => api.close());

const status = { agent_name: 'Coder', status: 'busy', availability: 20.5, metadata: { active_tasks: 3 } };

describe('an agent’s status', () => {
  it('is told by a publisher, kept, and told to the agent’s room and everybody', async () => {
    const bot = api.caller({ user: 'bot', roles: ['publisher'] });
    const answer = await bot.put('/agents/coder/status', status);
    expect(answer.status).toBe(200);
    const agent = { id: 'coder', ...status, updated_at: expect.stringMatching(/Z$/) };
    expect(answer.body).toEqual(agent);
    expect(await api.broadcaster.recorded(bot.tenant)).toEqual([
      {
        event: 'agent.status_changed',
        data: { agent_id: 'coder', ...status },
        rooms: ['agent:coder', 'global'],
        caller: 'bot',
      },
    ]);
    const member = api.caller({ tenant: bot.tenant });
    expect((await member.get('/agents')).body).toEqual({ items: [agent], next_cursor: null });
  });

  it('takes the place of the one before; metadata that is absent stays', async () => {
    const bot = api.caller({ roles: ['admin'] });
    await bot.put('/agents/coder/status', status);
    const idle = { agent_name: 'Coder 2', status: 'idle', availability: 100 };
    const { body } = await bot.put('/agents/coder/status', idle);
    expect(body).toMatchObject({ ...idle, metadata: status.metadata });
    expect((await api.broadcaster.recorded(bot.tenant)).at(-1)?.data).toMatchObject({ metadata: status.metadata });
    const cleared = await bot.put('/agents/coder/status', { ...idle, metadata: {} });
    expect(cleared.body.metadata).toEqual({});
    expect((await bot.get('/agents')).body.items).toHaveLength(1);
  });

  it('is refused from others than publishers before the body is looked at', async () => {
    const member = api.caller();
    const { status: code, body } = await member.put('/agents/coder/status', {});
    expect([code, body.code]).toEqual([403, 'forbidden']);
  });

  it('names every bad field, the id in the path too', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    const { body } = await bot.put('/agents/coder/status', { status: 1, availability: 101, metadata: { a: 'x\0' } });
    const paths = (body.issues as { path: string }[]).map(({ path }) => path);
    expect(paths).toEqual(['agent_name', 'status', 'availability', 'metadata']);
    const badId = await bot.put('/agents/a%20b/status', status);
    expect([badId.status, (badId.body.issues as { path: string }[])[0]?.path]).toEqual([400, 'id']);
  });

  it('leaves neither row nor event when the transaction fails', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    api.broadcaster.failNext(new Error('the log is full'));
    expect((await bot.put('/agents/coder/status', status)).status).toBe(500);
    expect((await bot.get('/agents')).body.items).toEqual([]);
    expect(await api.broadcaster.recorded(bot.tenant)).toEqual([]);
  });

  it('is the last told event’s when several are told at once', async () => {
    const bot = api.caller({ roles: ['publisher'] });
    const tell = (turn: number) => bot.put('/agents/coder/status', { ...status, status: `s${String(turn)}` });
    await Promise.all(Array.from({ length: 8 }, (_, turn) => tell(turn)));
    const [agent] = (await bot.get('/agents')).body.items as { status: string }[];
    expect((await api.broadcaster.recorded(bot.tenant)).at(-1)?.data.status).toBe(agent?.status);
  });
});
