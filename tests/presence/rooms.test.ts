// Who is in a room, told to those who watch it: a real server, plain clients, connections that break without a word.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { commands } from '@roomcast/protocol';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectNativeClient, type NativeClient } from '../support/native-client.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { openWay } from '../support/way.js';

const ROOM = 'project:42';
const GRACE_MS = 8_000;
/** No frame of presence has this after it. */
const QUIET_MS = 600;

let database: TestDatabase;
let server: ServerProcess;
const clients: { close(): void }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '3' } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function connect({ credential }: Caller, url = server.url): Promise<PlainClient> {
  const client = await connectPlainClient(url, { token: credential });
  clients.push(client);
  return client;
}

async function connectNative({ credential }: Caller): Promise<NativeClient> {
  const client = await connectNativeClient(server.url, { token: credential });
  clients.push(client);
  return client;
}

const people = (members: unknown) => (members as { user_id: string }[]).map(({ user_id }) => user_id);
const presence = ({ heard }: Pick<PlainClient, 'heard'>) => heard.filter(({ event }) => event.startsWith('presence.'));

/** In order, what a client was told: `+ada` came, `-ada` went, `=2` how many there are, `[ada]` who is there. */
function story(client: Pick<PlainClient, 'heard'>): string[] {
  return presence(client).flatMap(({ event, data }) => {
    if (event === 'presence.state') return [`[${people(data.members).join(' ')}]`];
    if (event === 'presence.count') return [`=${String(data.count)}`];
    return [...people(data.joins).map((user) => `+${user}`), ...people(data.leaves).map((user) => `-${user}`)];
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('who subscribes with presence: true', () => {
  it('is answered who is there, and told who comes and goes', async () => {
    const { ada, tenant } = teamAt(server.url);
    const watcher = await connect(ada);
    const { presence: here } = await watcher.subscribe(ROOM, { presence: true });
    expect(here).toEqual({
      version: expect.any(Number),
      members: [{ user_id: 'ada', status: 'active' }],
      count: 1,
      has_more: false,
    });
    const bob = await connect(callerAt(server.url, { user: 'bob', name: 'Bob', tenant }));
    await bob.subscribe(ROOM);
    await eventually(() => expect(story(watcher)).toEqual(['[ada]', '+bob']));
    await bob.ask('unsubscribe', { room: ROOM });
    await eventually(() => expect(story(watcher)).toEqual(['[ada]', '+bob', '-bob']));
    const [state, joined, left] = presence(watcher);
    expect(joined).toMatchObject({
      rooms: [ROOM],
      data: { room: ROOM, joins: [{ user_id: 'bob', name: 'Bob', status: 'active' }], leaves: [] },
    });
    expect(left?.data).toMatchObject({ joins: [], leaves: [{ user_id: 'bob', name: 'Bob' }] });
    const versions = [state, joined, left].map((frame) => Number(frame?.data.version));
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(presence(bob)).toEqual([]);
  });

  it('in several rooms at once is answered for each of them', async () => {
    const { ada, bob } = teamAt(server.url);
    const [watcher, other] = [await connect(ada), await connect(bob)];
    await other.subscribe('global');
    const ack = await watcher.ask('subscribe_many', {
      rooms: [{ room: ROOM, presence: true }, { room: 'global', presence: true }, { room: 'agent:a' }],
    });
    const { results } = commands.subscribe_many.ack.parse(ack);
    const here = results.map((result) => ('presence' in result ? people(result.presence?.members) : null));
    expect(here).toEqual([['ada'], ['ada', 'bob'], null]);
  });

  it('may begin and end to watch a room that it is in, and misses nothing of the room by that', async () => {
    const { ada, bob, bot } = teamAt(server.url);
    const watcher = await connect(ada);
    await watcher.subscribe(ROOM);
    const other = await connect(bob);
    await other.subscribe(ROOM);
    const { presence: here, offset } = await watcher.subscribe(ROOM, { presence: true });
    expect([people(here?.members), offset]).toEqual([['ada', 'bob'], 0]);
    await bot.post('/events', { event: 'operation.completed', data: { project_id: '42', operation: 'x' } });
    await watcher.subscribe(ROOM, { presence: false });
    other.close();
    await eventually(() => expect(watcher.facts()).toHaveLength(1));
    await pause(QUIET_MS);
    expect(story(watcher)).toEqual(['[ada bob]']);
  });

  it('does not see a room that is subscribed anew from an offset left', async () => {
    const { ada, bob } = teamAt(server.url);
    const [watcher, other] = [await connect(ada), await connect(bob)];
    await other.subscribe(ROOM);
    await watcher.subscribe(ROOM, { presence: true });
    await other.subscribe(ROOM, { offset: 0 });
    await pause(QUIET_MS);
    expect(story(watcher)).toEqual(['[ada bob]']);
  });

  it('sees one person with three devices come once and go once', async () => {
    const { ada, bob } = teamAt(server.url);
    const watcher = await connect(ada);
    await watcher.subscribe(ROOM, { presence: true });
    const devices = [await connect(bob), await connect(bob), await connect(bob)];
    for (const device of devices) await device.subscribe(ROOM);
    await eventually(() => expect(story(watcher)).toEqual(['[ada]', '+bob']));
    for (const device of devices.slice(1)) device.close();
    await pause(QUIET_MS);
    expect(story(watcher)).toHaveLength(2);
    devices[0]?.close();
    await eventually(() => expect(story(watcher)).toEqual(['[ada]', '+bob', '-bob']));
  });

  it('sees nobody of another tenant, and no service with an API key', async () => {
    const [ours, theirs] = [teamAt(server.url), teamAt(server.url)];
    const watcher = await connect(ours.ada);
    await watcher.subscribe(ROOM, { presence: true });
    await (await connect(theirs.bob)).subscribe(ROOM);
    const { body } = await ours.boss.post('/api-keys', { name: 'service', roles: [] });
    const service = await connect(callerAt(server.url, String(body.key)));
    await service.subscribe(ROOM, { presence: true });
    await eventually(() => expect(story(service)).toEqual(['[ada]']));
    expect(await service.ask('presence.set', { status: 'away' })).toMatchObject({ error: { code: 'forbidden' } });
    await pause(QUIET_MS);
    expect(story(watcher)).toEqual(['[ada]']);
  });

  it('is told nothing more of a room that was taken from it, and the others that it is gone', async () => {
    const { ada, bob, boss } = teamAt(server.url);
    await boss.post('/projects', { id: '42', name: 'Atlas' });
    const [watcher, other] = [await connect(ada), await connect(bob)];
    for (const client of [watcher, other]) await client.subscribe(ROOM, { presence: true });
    await other.subscribe('global', { presence: true });
    await boss.patch('/users/ada', { active: false });
    await eventually(() => expect(watcher.socket.connected).toBe(false));
    // Thrown out is gone at once: nobody waits for them to come back.
    await eventually(() => expect(story(other).filter((line) => line === '-ada')).toHaveLength(1), {
      withinMs: GRACE_MS / 2,
    });
    await boss.delete('/projects/42');
    await eventually(() => expect(other.names()).toContain('room.revoked'));
    const before = story(other).length;
    const late = await connect(boss);
    await late.subscribe('global');
    await eventually(() => expect(story(other).slice(before)).toEqual(['+boss']));
  });
});

describe('a connection that is lost', () => {
  it('is not seen to go when it is back within 8 s; one that is not back goes then, and counts for no limit', async () => {
    const { ada, tenant } = teamAt(server.url);
    const watcher = await connect(ada);
    await watcher.subscribe(ROOM, { presence: true });
    const way = await openWay({ host: '127.0.0.1', port: server.port });
    const who = (user: string) => callerAt(server.url, { user, tenant });
    const [back, polite] = [who('back'), who('polite')];
    for (const caller of [back, polite, who('gone')]) {
      const client = await connect(caller, `http://127.0.0.1:${way.port}`);
      await client.subscribe(ROOM);
    }
    await eventually(() => expect([...story(watcher)].sort()).toEqual(['+back', '+gone', '+polite', '[ada]']));
    way.cut();
    const cut = performance.now();
    // Three connections are allowed: none of the lost ones counts.
    await eventually(async () => {
      const returned = await Promise.all([1, 2, 3].map(() => connect(back)));
      await returned[0]?.subscribe(ROOM);
    });
    const again = await connect(polite);
    await again.subscribe(ROOM);
    again.close();
    await eventually(() => expect(story(watcher)).toContain('-polite'));
    expect(performance.now() - cut).toBeLessThan(GRACE_MS);
    expect(story(watcher)).not.toContain('-gone');
    expect(people((await watcher.ask('presence.list', { room: ROOM })).members)).toEqual(['ada', 'back', 'gone']);
    await eventually(() => expect(story(watcher)).toContain('-gone'), { withinMs: 2 * GRACE_MS });
    expect(performance.now() - cut).toBeGreaterThan(GRACE_MS - 100);
    expect(story(watcher).filter((line) => line.includes('back'))).toEqual(['+back']);
    await way.close();
  }, 60_000);

  it('over a native WebSocket is awaited, unless it was closed normally or without a code', async () => {
    const { ada, tenant } = teamAt(server.url);
    const watcher = await connectNative(ada);
    await watcher.subscribe(ROOM, { presence: true });
    const endings: Record<string, (client: NativeClient) => void> = {
      none: ({ ws }) => ws.close(),
      normal: ({ ws }) => ws.close(1000),
      away: ({ ws }) => ws.close(1001),
      own: ({ ws }) => ws.close(4000),
      broken: ({ ws }) => ws.terminate(),
    };
    for (const [user, end] of Object.entries(endings)) {
      const client = await connectNative(callerAt(server.url, { user, tenant }));
      await client.subscribe(ROOM);
      end(client);
    }
    const here = async () => people((await watcher.ask('presence.list', { room: ROOM })).members);
    await eventually(async () => expect(await here()).toEqual(['ada', 'away', 'broken', 'own']));
  });
});

describe('presence.list', () => {
  it('pages through a room in the order of user ids, for whoever may enter it', async () => {
    const { ada, tenant } = teamAt(server.url);
    for (const user of ['e', 'b', 'd', 'a', 'c']) {
      await (await connect(callerAt(server.url, { user, tenant }))).subscribe(ROOM);
    }
    const reader = await connect(ada);
    const pages: string[][] = [];
    for (let after: string | undefined, more = true; more;) {
      const ack = await reader.ask('presence.list', { room: ROOM, after, limit: 2 });
      const { members, count, has_more } = commands['presence.list'].ack.parse(ack);
      expect(count).toBe(5);
      pages.push(people(members));
      after = people(members).at(-1);
      more = has_more;
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await reader.ask('presence.list', { room: 'project:empty' })).toMatchObject({ members: [], count: 0 });
  });

  it('says no to what may not be entered, and what is not well formed', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect(ada);
    const error = async (payload: unknown) => (await client.ask('presence.list', payload)).error;
    for (const room of ['user:bob', 'nonsense:1', '', 'session:1']) {
      expect(await error({ room })).toMatchObject({ code: 'not_found' });
    }
    expect(await error({})).toMatchObject({ code: 'bad_request', issues: [{ path: 'room' }] });
    expect(await error({ room: ROOM, limit: 201 })).toMatchObject({ code: 'bad_request', issues: [{ path: 'limit' }] });
    expect(await error({ room: ROOM, after: 'a b' })).toMatchObject({ issues: [{ path: 'after' }] });
  });
});

describe('presence events', () => {
  it('cannot be posted', async () => {
    const { bot } = teamAt(server.url);
    const data = { room: ROOM, count: 7 };
    expect(await bot.post('/events', { event: 'presence.count', data })).toMatchObject({
      status: 400,
      body: { code: 'bad_request' },
    });
  });
});
