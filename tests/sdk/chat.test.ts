// `client.chat(room)` against the real server: two devices of one user end with the list that the database has, whatever
// was done while one of them was away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { withChat, type Chat, type ChatRoomName } from '@roomcast/client/chat';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { modelSettings, startModelServer, type ModelServer } from '../support/model-server.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';
import { openSdkClient } from './sdk-client.js';

let database: TestDatabase;
let server: ServerProcess;
let model: ModelServer;
const ways: Way[] = [];

beforeAll(async () => {
  model = await startModelServer();
  database = await testDatabase();
  const env = { MESSAGE_RATE: '100000', COMMAND_RATE: '100000', MAX_CONNECTIONS_PER_USER: '0' };
  server = await startServer({ env: { ...database.env, ...modelSettings(model), ...env } });
}, 60_000);
afterEach(async () => {
  await Promise.all(ways.splice(0).map((way) => way.close()));
});
afterAll(async () => {
  await server.stop();
  await model.close();
  await database.drop();
});

async function conversation() {
  const { ada, bob } = teamAt(server.url);
  const { body } = await ada.post('/conversations', { participant_ids: ['bob'] });
  const id = String(body.id);
  return { ada, bob, id, path: `/conversations/${id}`, room: `conversation:${id}` as ChatRoomName };
}

/** A device of a user, and a way to the server that can be cut. */
async function device(caller: Caller, userId: string, room: ChatRoomName): Promise<{ chat: Chat; way: Way }> {
  const { hostname: host, port } = new URL(server.url);
  const way = await openWay({ host, port: Number(port) });
  ways.push(way);
  const chat = withChat(openSdkClient(`http://127.0.0.1:${way.port}`, caller.credential).client, { userId }).chat(room);
  chat.subscribe(() => undefined);
  await eventually(() => chat.getSnapshot().status === 'ready');
  return { chat, way };
}

/** As the database has it, as a list of what is shown. */
async function stored(caller: Caller, path: string) {
  const { body } = await caller.get(`${path}/messages?limit=200`);
  return (body.items as object[]).map((message) => ({ ...message, state: 'told' }));
}

describe('two devices of one user', () => {
  it.each([1, 20, 200])('end with the same list when one was away for %d messages', async (count) => {
    const { ada, bob, path, room } = await conversation();
    await ada.post(`${path}/messages`, { content: 'before' });
    const [here, away] = [await device(bob, 'bob', room), await device(bob, 'bob', room)];
    away.way.cut();
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      ids.push(String((await ada.post(`${path}/messages`, { content: `m${n}` })).body.id));
    }
    await here.chat.react(ids[0]!, '👍');
    await here.chat.send('from here');
    await ada.patch(`/messages/${ids[0]!}`, { content: 'edited' });
    if (count > 1) await ada.delete(`/messages/${ids[1]!}`);
    expect(await here.chat.markRead()).toBe(0);
    // Done while there is no connection: shown at once, and sent later.
    const late = away.chat.send('from away');
    expect(away.chat.getSnapshot().messages.at(-1)).toMatchObject({ content: 'from away', state: 'sending' });
    away.way.mend();
    await late;
    for (const { chat } of [here, away]) {
      await eventually(async () => {
        const { messages, unread } = chat.getSnapshot();
        const list = await stored(bob, path);
        expect(messages.slice(-list.length)).toEqual(list.slice(-messages.length));
        expect([messages.at(-1)?.content, unread]).toEqual(['from away', 0]);
      });
    }
    expect(here.chat.getSnapshot().messages.length).toBe(away.chat.getSnapshot().messages.length);
  });
});

describe('a thread', () => {
  it('reads older messages page by page', async () => {
    const { ada, path, room } = await conversation();
    for (let n = 0; n < 120; n++) await ada.post(`${path}/messages`, { content: `m${n}` });
    const { chat } = await device(ada, 'ada', room);
    expect(chat.getSnapshot()).toMatchObject({ hasMore: true });
    expect([await chat.loadMore(), await chat.loadMore()]).toEqual([true, false]);
    expect(chat.getSnapshot().messages.map(({ content }) => content)).toEqual(
      Array.from({ length: 120 }, (_, n) => `m${n}`),
    );
    expect(chat.getSnapshot().hasMore).toBe(false);
  });

  it('shows what is refused as failed, for another try or to be discarded, and takes back what it showed', async () => {
    const { ada, bob, path, room } = await conversation();
    const { body } = await ada.post(`${path}/messages`, { content: 'of ada' });
    const { chat } = await device(bob, 'bob', room);
    await expect(chat.edit(String(body.id), 'of bob')).rejects.toMatchObject({ code: 'forbidden' });
    expect(chat.getSnapshot().messages.map(({ content }) => content)).toEqual(['of ada']);
    await ada.patch(path, { archived: true });
    await expect(chat.send('too late')).rejects.toMatchObject({ code: 'conflict' });
    const failed = chat.getSnapshot().messages.at(-1);
    expect(failed).toMatchObject({ content: 'too late', state: 'failed', error: { code: 'conflict' } });
    await ada.patch(path, { archived: false });
    await chat.retry(failed!.client_id!);
    await eventually(() =>
      expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ content: 'too late', state: 'told' }),
    );
    await expect(chat.send(' ')).rejects.toMatchObject({ code: 'bad_request' });
    chat.discard(chat.getSnapshot().messages.at(-1)!.client_id!);
    expect(chat.getSnapshot().messages).toHaveLength(2);
  });

  it('shows how far others have read, and is closed to who is taken out', async () => {
    const { ada, bob, path, room } = await conversation();
    const { body } = await ada.post(`${path}/messages`, { content: 'news' });
    await bob.post(`${path}/read`, { message_id: body.id });
    const [one, other] = [await device(ada, 'ada', room), await device(bob, 'bob', room)];
    await eventually(() => expect(one.chat.getSnapshot().marks).toEqual({ bob: body.id }));
    await ada.delete(`${path}/participants/bob`);
    await eventually(() => expect(other.chat.getSnapshot()).toMatchObject({ status: 'closed' }));
    await eventually(() => expect(one.chat.getSnapshot().status).toBe('ready'));
  });

  it('keeps its snapshot until something changes', async () => {
    const { ada, room } = await conversation();
    const { chat } = await device(ada, 'ada', room);
    const before = chat.getSnapshot();
    expect(chat.getSnapshot()).toBe(before);
    await chat.send('hello');
    await eventually(() => expect(chat.getSnapshot()).not.toBe(before));
    chat.close();
  });
});

describe('an answer of an agent', () => {
  it('grows while it is made, for who comes in the middle too, is stopped from any device, and ends as its message', async () => {
    const { ada } = teamAt(server.url);
    const { body } = await ada.post('/sessions', { emotion: false });
    const room: ChatRoomName = `session:${String(body.id)}`;
    model.onRequest = (request) => request.say('Half of it');
    const one = await device(ada, 'ada', room);
    await one.chat.send('Why?');
    const draft = async ({ chat }: { chat: Chat }) =>
      eventually(() => {
        expect(chat.getSnapshot().drafts).toMatchObject([{ text: 'Half of it', agent_id: 'context' }]);
        return chat.getSnapshot().drafts;
      });
    await draft(one);
    const late = await device(ada, 'ada', room);
    const [answer] = await draft(late);
    await late.chat.cancel(answer!.message_id);
    for (const { chat } of [one, late]) {
      await eventually(() => expect(chat.getSnapshot().drafts).toEqual([]));
      expect(chat.getSnapshot().messages.at(-1)).toMatchObject({
        id: answer!.message_id,
        status: 'cancelled',
        is_ai: true,
      });
    }
  });
});
