// Messages in sessions and conversations over the real server: by command and over REST one and the same.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { callerAt, type Caller } from '../support/caller.js';
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

interface Told {
  id: string;
  content: string;
  [field: string]: unknown;
}

/** A conversation of ada and bob, and carol who is not in it. */
async function conversation(): Promise<Team & { carol: Caller; id: string; room: string }> {
  const team = teamAt(server.url);
  const carol = callerAt(server.url, { user: 'carol', tenant: team.tenant });
  const { body } = await team.ada.post('/conversations', { participant_ids: ['bob'], title: 'Plans' });
  return { ...team, carol, id: String(body.id), room: `conversation:${String(body.id)}` };
}

describe('a message', () => {
  it('is the same object in the ack, over REST, in history and in the event, and reaches all in the room', async () => {
    const { ada, bob, id, room } = await conversation();
    const [one, other] = [await ada.listen(room), await bob.listen(room)];
    const ack = await one.ask('message.send', { room, content: '  Hello @bob, @nobody ', client_id: 'd1' });
    expect(ack).toMatchObject({ status: 'success', duplicate: false });
    const message = ack.message as Told;
    expect(message).toEqual({
      id: expect.any(String),
      room,
      sender_id: 'ada',
      sender_name: expect.any(String),
      role: 'user',
      is_ai: false,
      content: 'Hello @bob, @nobody',
      status: 'complete',
      attachments: [],
      reactions: [],
      mentions: ['bob'],
      created_at: expect.any(String),
      client_id: 'd1',
    });
    for (const client of [one, other]) {
      await eventually(() =>
        expect(client.facts().find(({ stream }) => stream === room)).toMatchObject({
          event: 'message.created',
          data: { message },
        }),
      );
    }
    expect(await other.ask('message.history', { room })).toMatchObject({ messages: [message], has_more: false });
    const { body } = await bob.get(`/conversations/${id}/messages`);
    expect(body).toMatchObject({ items: [message], next_cursor: null, position: { offset: expect.any(Number) } });
    one.close();
    other.close();
  });

  it('is sent once under one client_id, by whatever door, and other content under it is a conflict', async () => {
    const { ada, id, room } = await conversation();
    const client = await ada.listen(room);
    const sent = { content: 'once', client_id: 'c-1' };
    const first = await ada.post(`/conversations/${id}/messages`, sent);
    expect(first.status).toBe(201);
    const again = await ada.post(`/conversations/${id}/messages`, sent);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(await client.ask('message.send', { room, ...sent })).toMatchObject({ duplicate: true, message: first.body });
    expect(await client.ask('message.send', { room, ...sent, content: 'twice' })).toMatchObject({
      error: { code: 'conflict' },
    });
    const other = await ada.post('/conversations', { participant_ids: [] });
    const elsewhere = await ada.post(`/conversations/${String(other.body.id)}/messages`, sent);
    expect(elsewhere.body.code).toBe('conflict');
    expect((await ada.get(`/conversations/${id}/messages`)).body.items).toHaveLength(1);
    client.close();
  });

  it('is edited by its author, deleted by its author or an admin, and keeps its place without its words', async () => {
    const { ada, bob, boss, id, room } = await conversation();
    const client = await bob.listen(room);
    const message = (await ada.post(`/conversations/${id}/messages`, { content: 'first' })).body as Told;
    expect((await bob.patch(`/messages/${message.id}`, { content: 'mine' })).body.code).toBe('forbidden');
    const edited = await ada.patch(`/messages/${message.id}`, { content: 'second' });
    expect(edited.body).toMatchObject({ content: 'second', edited_at: expect.any(String) });
    expect((await bob.delete(`/messages/${message.id}`)).body.code).toBe('forbidden');
    const deleted = await boss.delete(`/messages/${message.id}`);
    expect([deleted.status, deleted.body]).toMatchObject([200, { content: '', deleted_at: expect.any(String) }]);
    expect((await ada.delete(`/messages/${message.id}`)).body).toEqual(deleted.body);
    expect((await ada.patch(`/messages/${message.id}`, { content: 'third' })).body.code).toBe('conflict');
    await eventually(() =>
      expect(client.facts().map(({ event }) => event)).toEqual([
        'message.created',
        'message.updated',
        'message.deleted',
      ]),
    );
    expect((await ada.get(`/conversations/${id}/messages`)).body.items).toEqual([deleted.body]);
    client.close();
  });

  it('is reacted to once by each, in the order of the first', async () => {
    const { ada, bob, id, room } = await conversation();
    const client = await bob.listen(room);
    const { body } = await ada.post(`/conversations/${id}/messages`, { content: 'look' });
    const message_id = String(body.id);
    const path = `/messages/${message_id}/reactions/${encodeURIComponent('👍')}`;
    expect((await ada.put(path)).body.reactions).toEqual([{ emoji: '👍', user_ids: ['ada'] }]);
    await client.ask('message.react', { message_id, emoji: '👍', on: true });
    await client.ask('message.react', { message_id, emoji: '🎉', on: true });
    const again = await client.ask('message.react', { message_id, emoji: '🎉', on: true });
    expect((again.message as Told).reactions).toEqual([
      { emoji: '👍', user_ids: ['ada', 'bob'] },
      { emoji: '🎉', user_ids: ['bob'] },
    ]);
    expect((await ada.delete(path)).body.reactions).toEqual([
      { emoji: '👍', user_ids: ['bob'] },
      { emoji: '🎉', user_ids: ['bob'] },
    ]);
    await eventually(() => expect(client.facts().filter(({ event }) => event === 'message.updated')).toHaveLength(4));
    client.close();
  });

  it('answers another of its room only, and is encrypted as its sender likes', async () => {
    const { ada, id } = await conversation();
    const elsewhere = await ada.post('/conversations', { participant_ids: [] });
    const foreign = await ada.post(`/conversations/${String(elsewhere.body.id)}/messages`, { content: 'there' });
    const first = await ada.post(`/conversations/${id}/messages`, { content: 'question' });
    const path = `/conversations/${id}/messages`;
    expect((await ada.post(path, { content: 'answer', reply_to: first.body.id })).body.reply_to).toBe(first.body.id);
    const wrong = await ada.post(path, { content: 'answer', reply_to: foreign.body.id });
    expect(wrong.body).toMatchObject({ code: 'bad_request', issues: [{ path: 'reply_to' }] });
    const encrypted = { alg: 'x', b: { z: 1, a: 2.5 } };
    const sealed = await ada.post(path, { content: 'sealed words @bob', encrypted });
    expect(sealed.body).toMatchObject({ encrypted, mentions: [] });
    expect((await ada.get('/search/messages?q=sealed')).body.items).toEqual([]);
  });

  it('is read in pages from the newest back', async () => {
    const { ada, id, room } = await conversation();
    for (let n = 1; n <= 5; n++) await ada.post(`/conversations/${id}/messages`, { content: `m${n}` });
    const client = await ada.listen(room);
    const texts = (messages: unknown) => (messages as Told[]).map(({ content }) => content);
    const page = await client.ask('message.history', { room, limit: 2 });
    expect([texts(page.messages), page.has_more]).toEqual([['m4', 'm5'], true]);
    const before = (page.messages as Told[])[0]?.id;
    const older = await client.ask('message.history', { room, limit: 3, before });
    expect([texts(older.messages), older.has_more]).toEqual([['m1', 'm2', 'm3'], false]);
    const rest = await ada.get(`/conversations/${id}/messages?limit=2&cursor=${String(before)}`);
    expect([texts(rest.body.items), rest.body.next_cursor !== null]).toEqual([['m2', 'm3'], true]);
    client.close();
  });
});

describe('what one has read', () => {
  it('never goes back, counts what others said, and is told to the room', async () => {
    const { ada, bob, id, room } = await conversation();
    const ids: string[] = [];
    for (const content of ['one', 'two @bob', 'three']) {
      ids.push(String((await ada.post(`/conversations/${id}/messages`, { content })).body.id));
    }
    const listed = async (caller: Caller) => ((await caller.get('/conversations')).body.items as object[])[0];
    expect(await listed(bob)).toMatchObject({ id, unread: 3, unread_mentions: 1, last_message: { id: ids[2] } });
    expect(await listed(ada)).toMatchObject({ unread: 0 });
    const client = await bob.listen(room);
    expect(await client.ask('read.mark', { room, message_id: ids[1] })).toMatchObject({ unread: 1 });
    expect((await bob.post(`/conversations/${id}/read`, { message_id: ids[0] })).body).toEqual({ unread: 1 });
    await eventually(() => expect(client.facts().map(({ event }) => event)).toEqual(['read.updated']));
    expect(client.facts()[0]?.data).toEqual({ room, user_id: 'bob', message_id: ids[1] });
    await ada.delete(`/messages/${String(ids[2])}`);
    expect(await listed(bob)).toMatchObject({ unread: 0 });
    client.close();
  });

  it('is told to who is mentioned as a notification, once', async () => {
    const { ada, bob, id } = await conversation();
    const { body } = await ada.post(`/conversations/${id}/messages`, { content: 'see this, @bob.' });
    await ada.patch(`/messages/${String(body.id)}`, { content: 'see this at once, @bob' });
    const { items, unread } = (await bob.get('/notifications')).body;
    expect([items, unread]).toMatchObject([[{ user_id: 'bob', message: 'see this, @bob.', level: 'info' }], 1]);
    expect((await ada.get('/notifications')).body.items).toEqual([]);
  });
});

describe('search', () => {
  it('finds words of the rooms that one is in, best first, marked, and escaped', async () => {
    const { ada, bob, carol, id, room } = await conversation();
    const path = `/conversations/${id}/messages`;
    await ada.post(path, { content: 'nothing of interest' });
    await ada.post(path, { content: 'the <b>quick</b> zebra' });
    await ada.post(path, { content: 'zebra zebra' });
    const found = (await bob.get('/search/messages?q=zebra')).body.items as { highlight: string; rank: number }[];
    expect(found.map(({ highlight }) => highlight)).toEqual([
      '<mark>zebra</mark> <mark>zebra</mark>',
      'the &lt;b&gt;quick&lt;/b&gt; <mark>zebra</mark>',
    ]);
    expect(found[0]?.rank).toBeGreaterThan(found[1]?.rank ?? 1);
    const first = (await bob.get('/search/messages?q=zebra&limit=1')).body;
    const next = (await bob.get(`/search/messages?q=zebra&limit=1&cursor=${String(first.next_cursor)}`)).body;
    expect([...(first.items as object[]), ...(next.items as object[])]).toEqual(found);
    expect(next.next_cursor).toBeNull();
    for (const made of ['x', '[0.5]', '[0.5,"\\u0000"]']) {
      const cursor = Buffer.from(made).toString('base64url');
      const { body } = await bob.get(`/search/messages?q=zebra&cursor=${cursor}`);
      expect(body).toMatchObject({ status: 400, code: 'bad_request', issues: [{ path: 'cursor' }] });
    }
    expect((await bob.get('/search/messages?q=zebra -quick')).body.items).toHaveLength(1);
    expect((await carol.get('/search/messages?q=zebra')).body.items).toEqual([]);
    expect((await carol.get(`/search/messages?q=zebra&room=${room}`)).body.code).toBe('not_found');
    expect((await bob.get('/search/messages')).body).toMatchObject({ code: 'bad_request', issues: [{ path: 'q' }] });
  });
});
