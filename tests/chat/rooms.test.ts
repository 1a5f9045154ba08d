// Sessions and conversations: who makes, changes, enters and leaves them, and who cannot even tell that they exist.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MESSAGE_RATE: '100000', COMMAND_RATE: '100000' } });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const kinds = [
  ['session', 'sessions'],
  ['conversation', 'conversations'],
] as const;

interface Place extends Team {
  carol: Caller;
  id: string;
  room: string;
  path: string;
}

/** A room of ada and bob; carol is of the tenant and not in it. */
async function roomOf(kind: string, resource: string): Promise<Place> {
  const team = teamAt(server.url);
  const carol = callerAt(server.url, { user: 'carol', tenant: team.tenant });
  const { body } = await team.ada.post(`/${resource}`, { participant_ids: ['bob'] });
  const id = String(body.id);
  return { ...team, carol, id, room: `${kind}:${id}`, path: `/${resource}/${id}` };
}

const facts = (client: { facts(): { event: string; stream?: string; data: unknown }[] }, stream: string) =>
  client.facts().filter((fact) => fact.stream === stream);

/** Messages that no agent has written. */
const ofPeople = (messages: unknown) => (messages as { role?: string }[]).filter(({ role }) => role === 'user');

describe('a session', () => {
  it('is made with what was left out filled in, and read with a position', async () => {
    const { ada, tenant } = teamAt(server.url);
    const { status, body } = await ada.post('/sessions', { title: null, participant_ids: null });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      type: 'chat',
      title: null,
      project_id: null,
      owner_id: 'ada',
      participant_ids: [],
      emotion: true,
      archived: false,
      created_at: expect.any(String),
      updated_at: body.created_at,
    });
    const read = await ada.get(`/sessions/${String(body.id)}`);
    expect(read.body).toEqual({ ...body, position: { offset: 1, epoch: expect.any(String) } });
    const chosen = { id: `s-${tenant}`, type: 'code_review', title: 'T', project_id: '42', emotion: false };
    expect((await ada.post('/sessions', chosen)).body).toMatchObject(chosen);
    expect((await ada.post('/sessions', chosen)).body.code).toBe('conflict');
    expect((await ada.post('/sessions', { type: 'party' })).body).toMatchObject({
      code: 'bad_request',
      issues: [{ path: 'type' }],
    });
  });

  it('tells in one answer what is in it and who is there, as of a position', async () => {
    const { ada, bob, id, room, path } = await roomOf('session', 'sessions');
    const { body: message } = await ada.post(`${path}/messages`, { content: 'hello' });
    const [one, other] = [await ada.listen(room), await bob.listen(room)];
    const state = await one.ask('session.state', { session_id: id });
    expect(state).toMatchObject({ status: 'success', session: { id }, connected_count: 2 });
    expect(ofPeople(state.messages)).toEqual([message]);
    expect((state.connected_users as { user_id: string }[]).map(({ user_id }) => user_id).sort()).toEqual([
      'ada',
      'bob',
    ]);
    const { offset, epoch } = state.position as { offset: number; epoch: string };
    const { body: next } = await bob.post(`${path}/messages`, { content: 'and more' });
    const replay = await one.ask('events.read', { room, offset, epoch });
    const told = (replay.events as { data: { message: object } }[]).map(({ data }) => data.message);
    expect(ofPeople(told)).toEqual([next]);
    expect(await one.ask('session.state', { session_id: 'nowhere' })).toMatchObject({ error: { code: 'not_found' } });
    one.close();
    other.close();
  });

  it('keeps its owner', async () => {
    const { ada, bob, path } = await roomOf('session', 'sessions');
    expect((await ada.delete(`${path}/participants/ada`)).body.code).toBe('conflict');
    expect((await bob.patch(path, { title: 'mine' })).body.code).toBe('forbidden');
    expect((await bob.delete(`${path}/participants/bob`)).body.participant_ids).toEqual([]);
  });
});

describe('a conversation', () => {
  it('has its maker among its participants, each once, whether they were seen before or not', async () => {
    const { ada } = teamAt(server.url);
    const { body } = await ada.post('/conversations', { participant_ids: ['bob', 'ada', 'bob', 'not-seen'] });
    expect(body).toMatchObject({ participant_ids: ['ada', 'bob', 'not-seen'], owner_id: 'ada', persona_id: null });
    expect((await ada.post('/conversations', {})).body).toMatchObject({ issues: [{ path: 'participant_ids' }] });
    const persona = { participant_ids: [], persona_id: 'sage', title: 'With a sage' };
    expect((await ada.post('/conversations', persona)).body).toMatchObject({
      persona_id: 'sage',
      participant_ids: ['ada'],
    });
  });

  it('is changed by each of its participants, and archived by its owner', async () => {
    const { ada, bob, path, room } = await roomOf('conversation', 'conversations');
    const client = await ada.listen(room);
    expect((await bob.patch(path, { title: 'Ours', archived: null })).body).toMatchObject({ title: 'Ours' });
    expect((await bob.put(path, { title: 'Ours' })).status).toBe(200);
    expect((await bob.delete(path)).body.code).toBe('forbidden');
    expect((await ada.delete(path)).body).toMatchObject({ archived: true });
    expect((await ada.post(`${path}/messages`, { content: 'too late' })).body.code).toBe('conflict');
    expect((await ada.patch(path, { archived: false })).body).toMatchObject({ archived: false });
    expect((await ada.post(`${path}/messages`, { content: 'again' })).status).toBe(201);
    await eventually(() => expect(facts(client, room)).toHaveLength(5));
    expect(facts(client, room).map(({ data }) => (data as { changes?: object }).changes)).toEqual([
      { title: 'Ours' },
      { title: 'Ours' },
      { archived: true },
      { archived: false },
      undefined,
    ]);
    client.close();
  });
});

describe.each(kinds)('in a %s', (kind, resource) => {
  it('who comes and goes is told to the room and to the one', async () => {
    const { ada, carol, room, path } = await roomOf(kind, resource);
    const [inside, outside] = [await ada.listen(room), await carol.listen()];
    expect((await carol.post(`${path}/participants`, { user_id: 'carol' })).body.code).toBe('not_found');
    const added = await ada.post(`${path}/participants`, { user_id: 'carol' });
    expect(added.body.participant_ids).toContain('carol');
    expect((await ada.post(`${path}/participants`, { user_id: 'carol' })).body).toEqual(added.body);
    await outside.subscribe(room);
    const removed = await ada.delete(`${path}/participants/carol`);
    expect(removed.body.participant_ids).not.toContain('carol');
    await eventually(() =>
      expect(outside.facts().filter(({ event }) => event === 'membership.changed')).toMatchObject([
        { stream: 'user:carol', data: { room, member: true, by: 'ada' } },
        { stream: 'user:carol', data: { room, member: false, by: 'ada' } },
      ]),
    );
    await eventually(() => expect(outside.names()).toContain('room.revoked'));
    await eventually(() => expect(facts(inside, room)).toHaveLength(2));
    expect(facts(inside, room).map(({ data }) => (data as { changes: object }).changes)).toEqual([
      { participant_ids: added.body.participant_ids },
      { participant_ids: removed.body.participant_ids },
    ]);
    inside.close();
    outside.close();
  });

  it('P8: who was taken out hears nothing more, catch-up included', async () => {
    const { ada, bob, room, path } = await roomOf(kind, resource);
    const client = await bob.listen(room);
    const before = await client.ask('debug:rooms');
    await ada.post(`${path}/messages`, { content: 'for both' });
    // In a session its agent answers, too.
    await eventually(() => expect(facts(client, room)).toHaveLength(kind === 'session' ? 2 : 1));
    await ada.delete(`${path}/participants/bob`);
    await eventually(() => expect(client.names()).toContain('room.revoked'));
    const heard = facts(client, room).length;
    const { body: secret } = await ada.post(`${path}/messages`, { content: 'for ada alone' });
    for (const payload of [{ room }, { room, offset: 0 }]) {
      expect(await client.ask('subscribe', payload)).toMatchObject({ error: { code: 'not_found' } });
    }
    expect(await client.ask('events.read', { room, offset: 0 })).toMatchObject({ error: { code: 'not_found' } });
    expect((await bob.get(`/messages/${String(secret.id)}`)).status).toBe(404);
    expect(facts(client, room)).toHaveLength(heard);
    expect(before.rooms).toEqual(expect.arrayContaining([expect.objectContaining({ room })]));
    client.close();
  });

  it('who is not in it can do nothing, and another tenant cannot tell that it exists', async () => {
    const { ada, carol, id, room, path } = await roomOf(kind, resource);
    const { body: message } = await ada.post(`${path}/messages`, { content: 'private words' });
    const stranger = callerAt(server.url, { user: 'ada', tenant: 'somewhere-else' });
    const admin = callerAt(server.url, { user: 'boss', tenant: 'somewhere-else', roles: ['admin'] });
    const absent = path.replace(id, 'nowhere');
    for (const caller of [carol, stranger, admin]) {
      const requests: [keyof Caller, string, object?][] = [
        ['get', ''],
        ['patch', '', { title: 'x' }],
        ['delete', ''],
        ['post', '/participants', { user_id: 'carol' }],
        ['delete', '/participants/bob'],
        ['get', '/messages'],
        ['post', '/messages', { content: 'x' }],
        ['post', '/read', { message_id: message.id }],
      ];
      for (const [method, more, body] of requests) {
        const ask = caller[method] as Caller['post'];
        const [real, none] = [await ask(path + more, body), await ask(absent + more, body)];
        expect([method, more, real.status]).toEqual([method, more, 404]);
        expect({ ...real.body, instance: null }).toEqual({ ...none.body, instance: null });
      }
      const client = await caller.listen();
      for (const [command, payload] of [
        ['subscribe', { room }],
        ['events.read', { room, offset: 0 }],
        ['message.send', { room, content: 'x' }],
        ['message.history', { room }],
        ['read.mark', { room, message_id: message.id }],
        ['message.edit', { message_id: message.id, content: 'x' }],
        ['message.react', { message_id: message.id, emoji: '👍', on: true }],
        ['session.state', { session_id: id }],
      ] as const) {
        expect([command, (await client.ask(command, payload)).error]).toMatchObject([command, { code: 'not_found' }]);
      }
      expect((await caller.get('/search/messages?q=private')).body.items).toEqual([]);
      expect((await caller.get(`/${resource}`)).body.items).toEqual([]);
      client.close();
    }
    expect(ofPeople((await ada.get(`${path}/messages`)).body.items)).toHaveLength(1);
  });
});

describe('signals of a call', () => {
  it('reach all devices of a user with whom one shares a room, and nobody else', async () => {
    const { ada, bob, carol } = await roomOf('conversation', 'conversations');
    const [caller, phone, laptop, other] = [
      await ada.listen(),
      await bob.listen(),
      await bob.listen(),
      await carol.listen(),
    ];
    const offer = { kind: 'offer', payload: { sdp: 'v=0', nested: [1, null] } };
    expect(await caller.ask('signal.send', { to_user_id: 'bob', ...offer })).toEqual({ status: 'success' });
    for (const device of [phone, laptop]) {
      await eventually(() =>
        expect(device.heard.find(({ event }) => event === 'signal.received')).toMatchObject({
          data: { from_user_id: 'ada', ...offer },
        }),
      );
    }
    for (const to_user_id of ['carol', 'nobody']) {
      expect(await caller.ask('signal.send', { to_user_id, ...offer })).toMatchObject({ error: { code: 'not_found' } });
    }
    expect(other.names()).toEqual([]);
    expect(await caller.ask('signal.send', { to_user_id: 'bob', kind: '' })).toMatchObject({
      error: { code: 'bad_request', issues: [{ path: 'kind' }] },
    });
    for (const client of [caller, phone, laptop, other]) client.close();
  });
});
