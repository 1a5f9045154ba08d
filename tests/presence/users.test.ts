// Who is online, how they say they are here, and when they were last: over commands and over REST, on all devices.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { commands, type UserPresence } from '@roomcast/protocol';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function connect({ credential }: Caller): Promise<PlainClient> {
  const client = await connectPlainClient(server.url, { token: credential });
  clients.push(client);
  return client;
}

async function presenceOf(client: PlainClient, ...user_ids: string[]): Promise<UserPresence[]> {
  return commands['presence.get'].ack.parse(await client.ask('presence.get', { user_ids })).users;
}

const unknown = (user_id: string) => ({ user_id, online: false, status: 'offline', last_seen: null });
const offlineSince = (user_id: string) => ({ ...unknown(user_id), last_seen: expect.any(String) });

describe('presence.get', () => {
  it('tells who is online, in the order in which they are asked for', async () => {
    const { ada, bob } = teamAt(server.url);
    const began = Date.now();
    const [client, other] = [await connect(ada), await connect(bob)];
    const users = await presenceOf(client, 'bob', 'nobody', 'ada', 'bob');
    const online = (user_id: string) => ({ user_id, online: true, status: 'active', last_seen: expect.any(String) });
    expect(users).toEqual([online('bob'), unknown('nobody'), online('ada'), online('bob')]);
    other.close();
    await eventually(async () => expect(await presenceOf(client, 'bob')).toEqual([offlineSince('bob')]));
    const [gone] = await presenceOf(client, 'bob');
    expect(Date.parse(gone?.last_seen ?? '')).toBeGreaterThanOrEqual(began);
    expect(await presenceOf(client)).toEqual([]);
  });

  it('knows nobody of another tenant', async () => {
    const [ours, theirs] = [teamAt(server.url), teamAt(server.url)];
    await connect(theirs.bob);
    expect(await presenceOf(await connect(ours.ada), 'bob')).toEqual([unknown('bob')]);
  });

  it('takes up to 200 ids', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect(ada);
    const ids = Array.from({ length: 201 }, (_, n) => `u${n}`);
    expect(await presenceOf(client, ...ids.slice(1))).toHaveLength(200);
    for (const user_ids of [ids, 'ada', ['a b'], undefined]) {
      const { error } = await client.ask('presence.get', { user_ids });
      expect(error).toMatchObject({ code: 'bad_request', issues: [{ path: expect.stringMatching(/^user_ids/) }] });
    }
  });
});

describe('GET /presence', () => {
  it('answers the same', async () => {
    const { ada, bob, boss } = teamAt(server.url);
    await connect(bob);
    const online = { user_id: 'bob', online: true, status: 'active', last_seen: expect.any(String) };
    for (const path of ['/presence?user_ids=bob,eve', '/presence?user_ids=bob&user_ids=eve']) {
      expect((await ada.get(path)).body).toEqual({ users: [online, unknown('eve')] });
    }
    const { body } = await boss.post('/api-keys', { name: 'service', roles: [] });
    const service = callerAt(server.url, String(body.key));
    expect((await service.get('/presence?user_ids=bob')).body).toEqual({ users: [online] });
    expect((await ada.get('/presence')).body).toMatchObject({ status: 400, issues: [{ path: 'user_ids' }] });
    expect((await ada.get('/presence?user_ids=a%20b')).status).toBe(400);
  });
});

describe('a status', () => {
  it('is that of the user on all devices, until the last connection ends', async () => {
    const { ada, bob } = teamAt(server.url);
    const client = await connect(ada);
    const [phone, laptop] = [await connect(bob), await connect(bob)];
    const status = async () => (await presenceOf(client, 'bob'))[0]?.status;
    expect(await phone.ask('presence.set', { status: 'dnd' })).toEqual({ status: 'success' });
    expect(await status()).toBe('dnd');
    phone.close();
    await laptop.ask('debug:rooms');
    expect(await status()).toBe('dnd');
    laptop.close();
    await eventually(async () => expect(await status()).toBe('offline'));
    await connect(bob);
    expect(await status()).toBe('active');
  });

  it('is one of three', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect(ada);
    for (const status of ['offline', 'busy', null, undefined]) {
      const { error } = await client.ask('presence.set', { status });
      expect(error).toMatchObject({ code: 'bad_request', issues: [{ path: 'status' }] });
    }
  });

  it('is told to who watches a room that the user is in', async () => {
    const { ada, bob } = teamAt(server.url);
    const [client, other] = [await connect(ada), await connect(bob)];
    await other.subscribe('global');
    await client.subscribe('global', { presence: true });
    await other.ask('presence.set', { status: 'away' });
    await eventually(() =>
      expect(client.heard.at(-1)?.data).toMatchObject({ joins: [{ user_id: 'bob', status: 'away' }], leaves: [] }),
    );
  });
});

describe('when somebody was seen last', () => {
  it('is known after the server was ended, and about right after it was killed', async () => {
    const { ada, bob, boss, tenant } = teamAt(server.url);
    const eve = callerAt(server.url, { user: 'eve', tenant });
    const began = Date.now();
    await connect(bob);
    (await connect(ada)).close();
    await server.stop();
    const ended = Date.now();
    await server.start();
    const timesOf = async (...users: string[]) => {
      const { body } = await boss.get(`/presence?user_ids=${users.join(',')}`);
      return (body.users as UserPresence[]).map(({ last_seen }) => Date.parse(last_seen ?? ''));
    };
    for (const seen of await timesOf('ada', 'bob')) {
      expect(seen).toBeGreaterThanOrEqual(began);
      expect(seen).toBeLessThanOrEqual(ended);
    }
    expect((await ada.get('/users/ada')).body.last_seen).toEqual(expect.any(String));
    await connect(eve);
    await eventually(async () => expect((await eve.get('/users/eve')).body.last_seen).toEqual(expect.any(String)));
    await server.kill();
    await server.start();
    const [killed] = await timesOf('eve');
    expect(killed).toBeGreaterThanOrEqual(ended);
  });
});

describe('who shares a session or conversation with somebody', () => {
  it('is told when they come, go, and say something else, subscribed or not; others are not', async () => {
    const { ada, bob, tenant } = teamAt(server.url);
    const eve = callerAt(server.url, { user: 'eve', tenant });
    await ada.post('/conversations', { participant_ids: ['bob'] });
    await bob.post('/sessions', { participant_ids: ['ada'] });
    const [friend, stranger] = [await connect(ada), await connect(eve)];
    const news = ({ heard }: PlainClient) =>
      heard.filter(({ event }) => event === 'presence.updated').map(({ data }) => [data.user_id, data.status]);
    const [laptop, phone] = [await connect(bob), await connect(bob)];
    await eventually(() => expect(news(friend)).toEqual([['bob', 'active']]));
    await laptop.ask('presence.set', { status: 'away' });
    await eventually(() => expect(news(friend)).toHaveLength(2));
    await eventually(() => expect(news(phone)).toEqual([['bob', 'away']]));
    for (const device of [laptop, phone]) device.close();
    await eventually(() =>
      expect(news(friend)).toEqual([
        ['bob', 'active'],
        ['bob', 'away'],
        ['bob', 'offline'],
      ]),
    );
    const last = friend.heard.at(-1);
    expect(last).toMatchObject({ rooms: ['user:ada'], data: { online: false, last_seen: expect.any(String) } });
    expect(Object.keys(last?.data ?? {}).sort()).toEqual(['last_seen', 'online', 'status', 'user_id']);
    await stranger.ask('debug:rooms');
    expect(news(stranger)).toEqual([]);
  });
});

describe('session.state', () => {
  it('names who is in the session, each once, with how many there are', async () => {
    const { ada, tenant } = teamAt(server.url);
    const bob = callerAt(server.url, { user: 'bob', name: 'Bob', tenant });
    const { body } = await ada.post('/sessions', { participant_ids: ['bob'] });
    const room = `session:${String(body.id)}`;
    const client = await connect(ada);
    for (const caller of [bob, bob, ada]) await (await connect(caller)).subscribe(room);
    expect(await client.ask('session.state', { session_id: body.id })).toMatchObject({
      connected_users: [
        { user_id: 'ada', name: null },
        { user_id: 'bob', name: 'Bob' },
      ],
      connected_count: 2,
    });
  });
});
