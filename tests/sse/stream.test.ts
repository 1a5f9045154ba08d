// Server-sent events over an ordinary request: what the stream holds, how it is refused, and how one comes back to it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { envelope } from '@roomcast/protocol';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { closeSseClients, connectSse, openSse, type SseOptions } from '../support/sse-client.js';
import { projectFact, teamAt, workflowFact } from '../support/team.js';
import { testToken } from '../support/tokens.js';

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, PING_INTERVAL_MS: '300' } });
});
afterEach(closeSseClients);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const notice = (user: string, n: number) => ({ user_id: user, title: `number ${String(n)}`, message: 'test' });
const connect = (options: SseOptions) => connectSse(server.url, options);
const offsets = (facts: { offset?: number }[]) => facts.map(({ offset }) => offset);

describe('a stream of server-sent events', () => {
  it('holds the events of its rooms under their names, as envelopes, with a cursor', async () => {
    const { ada, bot } = teamAt(server.url);
    const client = await connect({ rooms: ['project:42', 'user:ada'], token: ada.credential });
    const plain = await ada.listen('project:42');
    await bot.post('/events', projectFact('42', 1));
    await bot.post('/events', projectFact('43', 2));
    await bot.post('/notifications', notice('ada', 1));
    await eventually(() => expect(client.names()).toEqual(['operation.completed', 'notification.created']));
    await eventually(() => expect(plain.facts()).toHaveLength(2));
    expect(client.facts()).toEqual(plain.facts());
    for (const event of client.heard) envelope.strict().parse(event);
    plain.close();
  });

  it('is one for programs and proxies: not cached, not gathered, with comments while nothing happens', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect({ rooms: ['global'], token: ada.credential, inHeader: true });
    expect(Object.fromEntries(client.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    const before = client.comments;
    await eventually(() => expect(client.comments).toBeGreaterThan(before + 2));
    expect(client.heard).toEqual([]);
  });

  it.each([
    ['without a token', { rooms: ['global'] }, 401, 'unauthorized'],
    ['with a token that is none', { rooms: ['global'], token: 'nonsense' }, 401, 'unauthorized'],
    ['without rooms', { rooms: [], token: testToken({ user: 'ada' }) }, 400, 'bad_request'],
    [
      'with a room that there cannot be',
      { rooms: ['global', 'x:y:z'], token: testToken({ user: 'ada' }) },
      404,
      'not_found',
    ],
    [
      'with somebody else’s room',
      { rooms: ['global', 'user:bob'], token: testToken({ user: 'ada' }) },
      404,
      'not_found',
    ],
    ['after nonsense', { rooms: ['global'], after: '1~x.y', token: testToken({ user: 'ada' }) }, 400, 'bad_request'],
    [
      'after an offset of several streams',
      { rooms: ['global', 'user:ada'], after: '3', token: testToken({ user: 'ada' }) },
      400,
      'bad_request',
    ],
    [
      'with too many rooms',
      { rooms: Array.from({ length: 101 }, (_, n) => `project:${String(n)}`), token: testToken({ user: 'ada' }) },
      429,
      'too_many_rooms',
    ],
  ] as [string, SseOptions, number, string][])(
    'that is asked for %s is refused plainly',
    async (_what, options, status, code) => {
      const client = await openSse(server.url, options);
      expect({ status: client.status, ...(await client.problem()) }).toMatchObject({ status, code });
    },
  );

  it('names the parameter that is wrong', async () => {
    const client = await openSse(server.url, { rooms: [], token: testToken({ user: 'ada' }) });
    expect(await client.problem()).toMatchObject({ issues: [{ path: 'rooms', message: expect.any(String) }] });
  });

  it('counts as one of the five connections that a user may have', async () => {
    const { ada } = teamAt(server.url);
    const options = { rooms: ['global'], token: ada.credential };
    const clients = await Promise.all([1, 2, 3, 4, 5].map(() => connect(options)));
    expect(await (await openSse(server.url, options)).problem()).toMatchObject({ code: 'connection_limit' });
    expect((await ada.get('/stats')).body).toMatchObject({ connections: 5, rooms: { global: 5 } });
    clients[0]?.close();
    await eventually(() => connect(options));
  });
});

describe('who comes back to a stream', () => {
  it('P4: with the last event id gets what it has missed, in all streams of its rooms, once and in order', async () => {
    const { ada, bot } = teamAt(server.url);
    const rooms = ['project:42', 'global', 'user:ada'];
    const first = await connect({ rooms, token: ada.credential });
    await bot.post('/events', projectFact('42', 1));
    await bot.post('/notifications', notice('ada', 1));
    await eventually(() => expect(first.facts()).toHaveLength(2));
    first.close();
    for (const n of [2, 3]) {
      await bot.post('/events', projectFact('42', n));
      await bot.post('/events', workflowFact(`w${String(n)}`, '42'));
      await bot.post('/notifications', notice('ada', n));
    }
    const again = await connect({ rooms, token: ada.credential, lastEventId: first.lastEventId });
    await eventually(() => expect(again.facts()).toHaveLength(6));
    const of = (stream: string) => offsets(again.facts().filter((fact) => fact.stream === stream));
    expect(of('tenant')).toEqual([2, 3, 4, 5]);
    expect(of('user:ada')).toEqual([2, 3]);
    await bot.post('/events', projectFact('42', 4));
    await eventually(() => expect(offsets(again.facts()).at(-1)).toBe(6));
    expect(again.heard).toHaveLength(7);
  });

  it('may say so in the address, and the header counts for more', async () => {
    const { ada, bot } = teamAt(server.url);
    const options = { rooms: ['project:42'], token: ada.credential };
    const first = await connect(options);
    for (const n of [1, 2, 3]) await bot.post('/events', projectFact('42', n));
    await eventually(() => expect(first.facts()).toHaveLength(3));
    const [start, end] = ['0', first.lastEventId];
    expect(offsets((await connectAnd({ ...options, after: start }, 3)).facts())).toEqual([1, 2, 3]);
    expect(offsets((await connectAnd({ ...options, after: '2' }, 1)).facts())).toEqual([3]);
    const both = await connect({ ...options, after: start, lastEventId: end });
    await bot.post('/events', projectFact('42', 4));
    await eventually(() => expect(offsets(both.facts())).toEqual([4]));
  });

  async function connectAnd(options: SseOptions, count: number) {
    const client = await connect(options);
    await eventually(() => expect(client.facts()).toHaveLength(count));
    return client;
  }

  it('has kept up also where its rooms were quiet and others of the stream were not', async () => {
    const { ada, bot } = teamAt(server.url);
    const options = { rooms: ['project:42'], token: ada.credential };
    const quiet = await connect(options);
    const at = quiet.lastEventId;
    await bot.post('/events', projectFact('43', 1));
    await eventually(() => expect(quiet.lastEventId).not.toBe(at));
    const again = await connect({ ...options, lastEventId: quiet.lastEventId });
    expect(again.lastEventId).toBe(quiet.lastEventId);
    expect(again.heard).toEqual([]);
  });

  it.each(['0~what', 'x', '1~epoch.short'])(
    'P4: with an id that nobody can read is told that it has lost its place',
    async (lastEventId) => {
      const { ada, bot } = teamAt(server.url);
      await bot.post('/events', projectFact('42', 1));
      const client = await connect({ rooms: ['project:42', 'global', 'user:ada'], token: ada.credential, lastEventId });
      expect(client.heard).toMatchObject([
        {
          event: 'room.reset',
          data: { stream: 'tenant', rooms: ['project:42', 'global'], offset: 1, reason: 'epoch_changed' },
        },
        { event: 'room.reset', data: { stream: 'user:ada', rooms: ['user:ada'], offset: 0, reason: 'epoch_changed' } },
      ]);
      await bot.post('/events', projectFact('42', 2));
      await eventually(() => expect(offsets(client.facts())).toEqual([2]));
      const again = await connect({ rooms: ['project:42'], token: ada.credential, lastEventId: client.lastEventId });
      expect(again.heard).toEqual([]);
    },
  );

  it('P4: with a place that the log never had is told so', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect({ rooms: ['project:42'], token: ada.credential, after: '7' });
    expect(client.heard).toMatchObject([{ event: 'room.reset', data: { reason: 'future_offset', offset: 0 } }]);
  });

  it('may ask for more rooms than before', async () => {
    const { ada, bot } = teamAt(server.url);
    const first = await connect({ rooms: ['project:42'], token: ada.credential });
    first.close();
    await bot.post('/events', projectFact('42', 1));
    await bot.post('/notifications', notice('ada', 1));
    const rooms = ['user:ada', 'project:42'];
    const more = await connect({ rooms, token: ada.credential, lastEventId: first.lastEventId });
    await eventually(() => expect(more.names()).toEqual(['operation.completed']));
    await bot.post('/notifications', notice('ada', 2));
    await eventually(() => expect(offsets(more.facts())).toEqual([1, 2]));
  });
});

describe('a stream ends', () => {
  it('when its token does, without a grace, since it cannot be renewed', async () => {
    const { tenant } = teamAt(server.url);
    // A token is taken until five seconds after its end; two seconds of that are left.
    const token = testToken({ user: 'ada', tenant, expiresInSeconds: 2 });
    const client = await connect({ rooms: ['global'], token });
    await eventually(() => expect(client.ended).toBe(true));
    expect(client.names()).toEqual(['auth.expiring', 'auth.expired']);
  });

  it('when none of its rooms is left to it', async () => {
    const { ada, bot } = teamAt(server.url);
    const { id } = (await ada.post('/projects', { name: 'Atlas' })).body as { id: string };
    const one = await connect({ rooms: [`project:${id}`], token: ada.credential });
    const two = await connect({ rooms: [`project:${id}`, 'global'], token: ada.credential });
    await ada.delete(`/projects/${id}`);
    await eventually(() => expect(one.ended).toBe(true));
    expect(one.names()).toEqual(['project.deleted', 'room.revoked']);
    await eventually(() => expect(two.names()).toEqual(['project.deleted', 'room.revoked']));
    await bot.post('/events', workflowFact('w', 'p'));
    await eventually(() => expect(two.names().at(-1)).toBe('workflow.started'));
    expect(two.ended).toBe(false);
    const gone = await openSse(server.url, { rooms: [`project:${id}`], token: ada.credential });
    expect(gone.status).toBe(404);
  });
});
