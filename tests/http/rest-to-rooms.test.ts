// What REST changes, rooms are told: over the real server, with plain socket.io clients.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { callerAt, type Caller } from '../support/caller.js';
import type { Heard, PlainClient } from '../support/plain-client.js';

let database: TestDatabase;
let server: ServerProcess;
const listeners: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterAll(async () => {
  for (const listener of listeners) listener.close();
  await server.stop();
  await database.drop();
});

interface Team {
  ada: Caller;
  bob: Caller;
  bot: Caller;
  boss: Caller;
}

/** Callers of a tenant that no other test uses. */
function team(): Team {
  const tenant = randomUUID();
  const who = (user: string, ...roles: string[]) => callerAt(server.url, { user, tenant, roles });
  return { ada: who('ada'), bob: who('bob'), bot: who('bot', 'publisher'), boss: who('boss', 'admin') };
}

async function listen(caller: Caller, ...rooms: string[]): Promise<PlainClient> {
  const listener = await caller.listen(...rooms);
  listeners.push(listener);
  return listener;
}

const facts = ({ heard }: PlainClient): Heard[] => heard.filter(({ event }) => event !== 'connection_established');
const names = (listener: PlainClient) => facts(listener).map(({ event }) => event);

describe('a change of a project', () => {
  it('is told once, in order, to its room and to everybody of the tenant', async () => {
    const { ada, bob } = team();
    const everybody = await listen(bob, 'global');
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const both = await listen(bob, 'project:42', 'global');
    for (let turn = 0; turn < 30; turn++) await ada.patch('/projects/42', { status: `s${String(turn)}` });
    await eventually(() =>
      expect(names(everybody)).toEqual(['project.created', ...Array<string>(30).fill('project.updated')]),
    );
    await eventually(() => expect(facts(both)).toHaveLength(30));
    expect(facts(both).map(({ data }) => data.changes)).toEqual(
      Array.from({ length: 30 }, (_, turn) => ({ status: `s${String(turn)}` })),
    );
    expect(facts(both).map(({ offset }) => offset)).toEqual(Array.from({ length: 30 }, (_, turn) => turn + 2));
  });

  it('by many at once is told in the order in which it was made', async () => {
    const { ada, bob } = team();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const listener = await listen(bob, 'project:42');
    const changes = Array.from({ length: 40 }, (_, turn) =>
      (turn % 2 ? ada : bob).patch(
        '/projects/42',
        turn % 2 ? { name: `n${String(turn)}` } : { status: `s${String(turn)}` },
      ),
    );
    expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(Array(40).fill(200));
    await eventually(() => expect(facts(listener)).toHaveLength(40));
    let [name, status] = ['Atlas', 'active'];
    for (const { data } of facts(listener)) {
      const changed = data.changes as { name?: string; status?: string };
      [name, status] = [changed.name ?? name, changed.status ?? status];
      expect([data.project_name, data.status]).toEqual([name, status]);
    }
    expect((await ada.get('/projects/42')).body).toMatchObject({ name, status });
  });

  it('is not told in another tenant', async () => {
    const [ours, theirs] = [team(), team()];
    const listener = await listen(theirs.ada, 'global', 'project:42');
    await ours.ada.post('/projects', { id: '42', name: 'Atlas' });
    await theirs.ada.post('/projects', { id: '42', name: 'Globe' });
    await eventually(() => expect(facts(listener)).not.toHaveLength(0));
    expect(facts(listener).map(({ data }) => data.project_name)).toEqual(['Globe']);
  });

  it('is in a snapshot exactly when its event is at or below the position of the snapshot', async () => {
    const { ada } = team();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const turns = Array.from({ length: 40 }, (_, turn) => `s${String(turn)}`);
    const snapshots: Record<string, unknown>[] = [];
    const changing = Promise.all(turns.map((status) => ada.patch('/projects/42', { status })));
    const state = { changed: false };
    void changing.then(() => (state.changed = true));
    while (!state.changed) snapshots.push((await ada.get('/projects/42')).body);
    await changing;
    const events = (await ada.get('/rooms/project:42/events')).body.events as Heard[];
    for (const { status, position } of snapshots) {
      const { offset } = position as { offset: number };
      expect(events.filter((event) => (event.offset ?? 0) <= offset).at(-1)?.data.status).toBe(status);
    }
  });

  it('after the position of a snapshot is what the room had after it', async () => {
    const { ada } = team();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const { offset, epoch } = (await ada.get('/projects/42')).body.position as { offset: number; epoch: string };
    for (let turn = 0; turn < 5; turn++) await ada.patch('/projects/42', { status: `s${String(turn)}` });
    const told: unknown[] = [];
    let [after, more] = [offset, true];
    while (more) {
      const { status, body } = await ada.get(`/rooms/project:42/events?after=${String(after)}&epoch=${epoch}&limit=2`);
      expect([status, body.recovered]).toEqual([200, true]);
      told.push(...(body.events as Heard[]).map(({ data }) => data.changes));
      [after, more] = [body.offset as number, body.has_more as boolean];
    }
    expect(told).toEqual(['s0', 's1', 's2', 's3', 's4'].map((status) => ({ status })));
  });
});

describe('deleting a project', () => {
  it('is the last that its room is told; the room is left and not found afterwards', async () => {
    const { ada, bob } = team();
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const listener = await listen(bob, 'project:42');
    expect((await ada.delete('/projects/42')).status).toBe(204);
    await eventually(() => expect(names(listener)).toEqual(['project.deleted', 'room.revoked']));
    expect(facts(listener)[1]?.data).toMatchObject({ room: 'project:42' });
    expect(await listener.ask('subscribe', { room: 'project:42' })).toMatchObject({ error: { code: 'not_found' } });
    expect((await bob.get('/rooms/project:42/events')).body.code).toBe('not_found');
    expect((await bob.get('/projects/42')).body.code).toBe('not_found');
    expect((await ada.post('/projects', { id: '42', name: 'Again' })).body.code).toBe('conflict');
  });
});

describe('posting events', () => {
  const done = { event: 'operation.completed', data: { project_id: '42', operation: 'matching', result: { n: 1 } } };

  it('reaches the room; repeated with the same id it changes nothing', async () => {
    const { bot, ada } = team();
    const listener = await listen(ada, 'project:42');
    const first = await bot.post('/events', { ...done, id: 'm-1' });
    expect([first.status, first.body.stream, first.body.offset]).toEqual([201, 'tenant', 1]);
    const again = await bot.post('/events', done, { 'idempotency-key': 'm-1' });
    expect([again.status, again.body]).toEqual([200, { ...first.body, duplicate: true }]);
    const other = await bot.post('/events', { ...done, data: { ...done.data, result: 2 }, id: 'm-1' });
    expect([other.status, other.body.code]).toEqual([409, 'conflict']);
    await bot.post('/events', { ...done, id: 'm-2' });
    await eventually(() => expect(facts(listener).map(({ offset }) => offset)).toEqual([1, 2]));
  });

  it('as a batch is all or none, and harmless when repeated under its key', async () => {
    const { bot, ada } = team();
    const listener = await listen(ada, 'project:42');
    const key = { 'idempotency-key': 'batch-1' };
    const bad = { ...done, data: { project_id: 7 } };
    const broken = await bot.post('/events', { events: [done, done, done, bad] }, key);
    expect([broken.status, broken.body.code]).toEqual([400, 'bad_request']);
    const paths = (broken.body.issues as { path: string }[]).map(({ path }) => path);
    expect(paths).toContain('events.3.data.project_id');
    const events = Array.from({ length: 500 }, (_, n) => ({ ...done, data: { ...done.data, result: n } }));
    const first = await bot.post('/events', { events }, key);
    const offsets = (first.body.results as { offset: number }[]).map(({ offset }) => offset);
    expect([first.status, offsets]).toEqual([200, Array.from({ length: 500 }, (_, n) => n + 1)]);
    const again = (await bot.post('/events', { events }, key)).body.results as { duplicate: boolean; offset: number }[];
    expect(again.every(({ duplicate }) => duplicate)).toBe(true);
    expect(again.map(({ offset }) => offset)).toEqual(offsets);
    await eventually(() => expect(facts(listener)).toHaveLength(500));
    expect(facts(listener).map(({ data }) => data.result)).toEqual(events.map(({ data }) => data.result));
  });

  it('names the issues of a batch of one as those of a batch', async () => {
    const { bot } = team();
    const { body } = await bot.post('/events', { events: [{ event: 'no.such', data: {} }] });
    expect((body.issues as { path: string }[])[0]?.path).toBe('events.0.event');
  });

  it('is refused from a member', async () => {
    expect((await team().ada.post('/events', done)).body.code).toBe('forbidden');
  });
});

describe('the other resources', () => {
  it('tell an agent’s status to its room, and the newest as current state', async () => {
    const { bot, ada } = team();
    const listener = await listen(ada, 'agent:coder');
    const status = { agent_name: 'Coder', availability: 20, metadata: { active_tasks: 3 } };
    await bot.put('/agents/coder/status', { ...status, status: 'busy' });
    await bot.put('/agents/coder/status', { agent_name: 'Coder', availability: 100, status: 'idle' });
    await eventually(() => expect(facts(listener).map(({ data }) => data.status)).toEqual(['busy', 'idle']));
    expect(facts(listener)[1]?.data.metadata).toEqual({ active_tasks: 3 });
    const late = await listen(ada);
    const ack = await late.ask('subscribe', { room: 'agent:coder', state: true });
    expect((ack.state as Heard[]).map(({ data }) => data.status)).toEqual(['idle']);
  });

  it('tell a suggestion to the room of its project', async () => {
    const { bot, ada } = team();
    const listener = await listen(ada, 'project:42');
    const suggestion = {
      target_type: 'pr',
      target_id: '1',
      category: 'c',
      title: 't',
      description: 'd',
      project_id: '42',
    };
    const { status, body } = await bot.post('/suggestions', suggestion);
    expect(status).toBe(201);
    await eventually(() => expect(names(listener)).toEqual(['ai.suggestion']));
    expect((await ada.get('/suggestions?project_id=42')).body.items).toEqual([body]);
  });

  it('tell a notification to its user on all devices, unasked', async () => {
    const { bot, ada, bob } = team();
    const [phone, laptop, other] = [await listen(ada), await listen(ada), await listen(bob)];
    const { body } = await bot.post('/notifications', { user_id: 'ada', title: 't', message: 'm' });
    await ada.post(`/notifications/${String(body.id)}/read`);
    for (const device of [phone, laptop]) {
      await eventually(() => expect(names(device)).toEqual(['notification.created', 'notification.updated']));
    }
    expect(facts(other)).toEqual([]);
    expect((await ada.get('/notifications')).body.unread).toBe(0);
  });
});

describe('the stats', () => {
  it('count what the caller’s tenant has open on this node', async () => {
    const { ada, bob } = team();
    await listen(ada, 'global', 'project:1', 'project:2');
    await listen(bob, 'global');
    await ada.post('/projects', { name: 'Atlas' });
    const open = { connections: 2, rooms: { global: 2, 'project:*': 2, 'user:*': 2 }, events_emitted: 1 };
    for (const path of ['/stats', '/websocket/stats']) {
      await eventually(async () => expect((await ada.get(path)).body).toMatchObject(open));
    }
    expect((await team().ada.get('/stats')).body).toMatchObject({ connections: 0 });
  });
});
