// Every command of a plain socket.io-client, over both transports and both namespaces: what is answered, what arrives.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { commands, connectionEvents, envelope, PROTOCOL_VERSION } from '@roomcast/protocol';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, openSocket, type Heard, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, workflowFact, workflowProgress } from '../support/team.js';
import { testToken } from '../support/tokens.js';

let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0' } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const ways = [
  { namespace: '/', transport: 'websocket' },
  { namespace: '/ws', transport: 'websocket' },
  { namespace: '/', transport: 'polling' },
  { namespace: '/ws', transport: 'polling' },
  { namespace: '/', transport: 'upgrade' },
] as const;

const offsets = (events: readonly Heard[]) => events.map(({ offset }) => offset);
const results = (events: readonly { data: Record<string, unknown> }[]) => events.map(({ data }) => data.result);
const upTo = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);

describe.each(ways)('over $transport on $namespace', (way) => {
  async function connect(caller: Caller): Promise<PlainClient> {
    const client = await connectPlainClient(server.url, { ...way, token: caller.credential });
    clients.push(client);
    return client;
  }

  async function post(bot: Caller, count: number, first = 1, project = '42'): Promise<void> {
    const events = upTo(count, first).map((number) => projectFact(project, number));
    expect((await bot.post('/events', { events })).status).toBe(200);
  }

  it('a connection is welcomed with what it needs to know', async () => {
    const { ada } = teamAt(server.url);
    const client = await connect(ada);
    await eventually(() => client.heard.length > 0);
    const [welcome] = client.heard;
    expect(welcome).toMatchObject({ event: 'connection_established', timestamp: expect.any(String) });
    const data = connectionEvents.connection_established.strict().parse(welcome?.data);
    expect(data.protocol_version).toBe(PROTOCOL_VERSION);
    expect(Math.abs(Date.parse(data.server_time) - Date.now())).toBeLessThan(60_000);
    expect(Date.parse(data.expires_at ?? '')).toBeGreaterThan(Date.now());
  });

  it('a client that asks to be let in again while it is being let in is not forgotten', async () => {
    const { ada, bot } = teamAt(server.url);
    const socket = openSocket(server.url, { ...way, token: ada.credential, reconnection: true });
    const came: (number | undefined)[] = [];
    socket.on('operation.completed', ({ offset }: Heard) => came.push(offset));
    socket.on('connect', () => void socket.emit('subscribe', { room: 'project:42' }));
    try {
      // The transport is open, the library is about to ask for the namespace, and now asks for it twice.
      socket.io.once('open', () => void socket.connect());
      const isTold = async () => {
        await post(bot, 1);
        return came.length > 1;
      };
      await eventually(isTold);
      expect(came).toEqual(came.map((_, index) => came[0]! + index));
    } finally {
      socket.disconnect();
    }
  });

  it('subscribe answers with the position and lets in what comes after it; unsubscribe ends it', async () => {
    const { ada, bot } = teamAt(server.url);
    await post(bot, 3);
    const client = await connect(ada);
    const ack = await client.subscribe('project:42');
    expect(ack).toMatchObject({ room: 'project:42', stream: 'tenant', offset: 3, recovered: true, has_more: false });
    expect(ack.last_id).toEqual(expect.any(String));
    await post(bot, 5, 4);
    await eventually(() => expect(results(client.facts())).toEqual(upTo(5, 4)));
    for (const fact of client.facts()) envelope.strict().parse(fact);
    expect(await client.ask('unsubscribe', { room: 'project:42' })).toEqual({ status: 'success', room: 'project:42' });
    await post(bot, 1, 9);
    const again = await client.subscribe('project:42');
    expect(again.offset).toBe(9);
    expect(results(client.facts())).toEqual(upTo(5, 4));
    expect(await client.ask('unsubscribe', { room: 'project:7' })).toMatchObject({ error: { code: 'not_found' } });
  });

  it('subscribe with an offset hands over all that the room had since, page after page, before its answer', async () => {
    const { ada, bot } = teamAt(server.url);
    for (let part = 0; part < 3; part++) await post(bot, 400, 1 + part * 400);
    await post(bot, 10, 1, '7');
    const client = await connect(ada);
    let before = -1;
    client.socket.emit('subscribe', { room: 'project:42', offset: 100 }, () => (before = client.facts().length));
    await eventually(() => expect(before).toBe(1100));
    expect(offsets(client.facts())).toEqual(upTo(1100, 101));
    await post(bot, 1, 1201);
    await eventually(() => expect(results(client.facts()).at(-1)).toBe(1201));
    expect(client.facts().at(-1)?.offset).toBe(1211);
  });

  it('subscribe with replay "ack" hands over pages in its answers and joins with the last', async () => {
    const { ada, bot } = teamAt(server.url);
    await post(bot, 25);
    const client = await connect(ada);
    const read: unknown[] = [];
    let position: object = { offset: 5 };
    for (let hasMore = true; hasMore;) {
      const ack = await client.subscribe('project:42', { ...position, replay: 'ack', limit: 8 });
      expect(ack.events?.length).toBeLessThanOrEqual(8);
      read.push(...results(ack.events ?? []));
      const { offset, epoch, last_id } = ack;
      [position, hasMore] = [{ offset, epoch, last_id }, ack.has_more];
    }
    expect(read).toEqual(upTo(20, 6));
    expect(client.facts()).toEqual([]);
    await post(bot, 1, 26);
    await eventually(() => expect(results(client.facts())).toEqual([26]));
  });

  it('subscribe_many enters rooms of several streams together and answers for each', async () => {
    const { ada, bot } = teamAt(server.url);
    await post(bot, 2);
    const client = await connect(ada);
    const rooms = [{ room: 'project:42', offset: 0 }, { room: 'global' }, { room: 'user:bob' }, { room: 'user:ada' }];
    const ack = await client.ask('subscribe_many', { rooms });
    const { results: answers } = commands.subscribe_many.ack.parse(ack);
    expect(answers.map(({ room, status }) => [room, status])).toEqual([
      ['project:42', 'success'],
      ['global', 'success'],
      ['user:bob', 'error'],
      ['user:ada', 'success'],
    ]);
    expect(answers[2]).toMatchObject({ error: { code: 'not_found', retryable: false } });
    expect(results(client.facts())).toEqual([1, 2]);
  });

  it('P3: an event of several rooms arrives once and in its place, whichever of them the connection is in', async () => {
    const { ada, bot } = teamAt(server.url);
    const client = await connect(ada);
    for (const room of ['global', 'project:42', 'workflow:w']) await client.subscribe(room);
    const some = await connect(ada);
    await some.subscribe('workflow:w');
    for (let turn = 1; turn <= 20; turn++) {
      await bot.post('/events', turn % 2 ? projectFact('42', turn) : workflowFact('w', '42'));
    }
    await eventually(() => expect(offsets(client.facts())).toEqual(upTo(20)));
    await eventually(() => expect(offsets(some.facts())).toEqual(upTo(20).filter((turn) => turn % 2 === 0)));
    expect(client.facts()[1]?.rooms?.toSorted()).toEqual(['global', 'project:42', 'workflow:w']);
    expect(client.facts()[1]).toEqual(some.facts()[0]);
  });

  it('state hands over the current value of every key, and a catch-up leaves out what a newer one replaces', async () => {
    const { ada, bot } = teamAt(server.url);
    for (const progress of [10, 20, 30]) await bot.post('/events', workflowProgress('w', progress));
    await bot.post('/events', workflowProgress('v', 50));
    const client = await connect(ada);
    const ack = await client.subscribe('global', { state: true });
    const values = (ack.state ?? []).map(({ data, offset }) => [data.workflow_id, data.progress, offset]);
    expect(values).toEqual([
      ['w', 30, 3],
      ['v', 50, 4],
    ]);
    await client.subscribe('global', { offset: 0 });
    expect(offsets(client.facts())).toEqual([3, 4]);
    await bot.post('/events', {
      event: 'workflow.completed',
      data: { workflow_id: 'w', name: 't', status: 'completed' },
    });
    const late = await connect(ada);
    expect((await late.subscribe('global', { state: true })).state?.map(({ data }) => data.workflow_id)).toEqual(['v']);
  });

  it('events.read answers what a room had, in pages, without entering it', async () => {
    const { ada, bot } = teamAt(server.url);
    await post(bot, 10);
    const client = await connect(ada);
    const first = commands['events.read'].ack.parse(
      await client.ask('events.read', { room: 'project:42', offset: 2, limit: 5 }),
    );
    expect([results(first.events), first.offset, first.has_more]).toEqual([upTo(5, 3), 7, true]);
    const { offset, epoch } = first;
    const rest = await client.ask('events.read', { room: 'project:42', offset, epoch });
    expect(rest).toMatchObject({ offset: 10, has_more: false, recovered: true, stream: 'tenant' });
    await post(bot, 1, 11);
    expect(await client.ask('debug:rooms')).toMatchObject({ rooms: [{ room: 'user:ada' }] });
    expect(client.facts()).toEqual([]);
  });

  it('events.emit logs an event of a publisher once for each id', async () => {
    const { ada, bot } = teamAt(server.url);
    const listener = await connect(ada);
    await listener.subscribe('project:42');
    const client = await connect(bot);
    const first = await client.ask('events.emit', { ...projectFact('42', 1), id: 'one' });
    expect(first).toMatchObject({ status: 'success', stream: 'tenant', offset: 1, duplicate: false });
    expect(await client.ask('events.emit', { ...projectFact('42', 1), id: 'one' })).toEqual({
      ...first,
      duplicate: true,
    });
    const other = await client.ask('events.emit', { ...projectFact('42', 2), id: 'one' });
    expect(other).toMatchObject({ status: 'error', error: { code: 'conflict', retryable: false } });
    const wrong = await client.ask('events.emit', { event: 'operation.completed', data: { operation: 'x' } });
    expect(wrong.error).toMatchObject({ code: 'bad_request', issues: [{ path: 'data.project_id' }] });
    const unknown = await client.ask('events.emit', { event: 'no.such', data: {} });
    expect(unknown.error).toMatchObject({ code: 'bad_request', issues: [{ path: 'event' }] });
    expect(await listener.ask('events.emit', projectFact('42', 3))).toMatchObject({ error: { code: 'forbidden' } });
    await client.ask('events.emit', projectFact('42', 4));
    await eventually(() => expect(results(listener.facts())).toEqual([1, 4]));
    expect(listener.facts()[0]?.id).toBe(first.id);
  });

  it('auth.refresh puts a new token of the same user in the place of the old one', async () => {
    const { ada, bob, tenant } = teamAt(server.url);
    const client = await connect(ada);
    const token = testToken({ user: 'ada', tenant, expiresInSeconds: 7200 });
    const renewed = await client.ask('auth.refresh', { token });
    expect(renewed.status).toBe('success');
    expect(Date.parse(String(renewed.expires_at))).toBeGreaterThan(Date.now() + 7_000_000);
    const code = async (payload: object) => (await client.ask('auth.refresh', payload)).error?.code;
    expect(await code({ token: bob.credential })).toBe('forbidden');
    expect(await code({ token: testToken({ user: 'ada', expiresInSeconds: 60 }) })).toBe('forbidden');
    expect(await code({ token: testToken({ user: 'ada', tenant, expiresInSeconds: -60 }) })).toBe('token_expired');
    expect(await code({ token: 'nonsense' })).toBe('unauthorized');
    expect(await code({})).toBe('bad_request');
    expect(client.socket.connected).toBe(true);
  });

  it('debug:rooms tells the rooms of the connection, its own user’s among them, and where their streams stand', async () => {
    const { ada, bot } = teamAt(server.url);
    await post(bot, 2);
    const client = await connect(ada);
    const { epoch, last_id } = await client.subscribe('project:42');
    const { rooms } = commands['debug:rooms'].ack.parse(await client.ask('debug:rooms'));
    expect(rooms).toEqual([
      { room: 'user:ada', stream: 'user:ada', offset: 0, epoch },
      { room: 'project:42', stream: 'tenant', offset: 2, epoch, last_id },
    ]);
  });

  it('what is for the user arrives on every connection without being asked for', async () => {
    const { ada, bob, bot } = teamAt(server.url);
    const [one, two, other] = [await connect(ada), await connect(ada), await connect(bob)];
    for (const client of [one, two, other]) await eventually(() => expect(client.heard).toHaveLength(1));
    await bot.post('/notifications', { user_id: 'ada', title: 't', message: 'm' });
    for (const client of [one, two]) await eventually(() => expect(client.names()).toEqual(['notification.created']));
    expect(other.facts()).toEqual([]);
  });

  it('nothing of another tenant can be named or arrives', async () => {
    const [ours, theirs] = [teamAt(server.url), teamAt(server.url)];
    const client = await connect(ours.ada);
    for (const room of ['global', 'project:42']) await client.subscribe(room);
    await post(theirs.bot, 5);
    for (const room of [`${theirs.tenant}/project:42`, `${theirs.tenant}/global`, `../${theirs.tenant}/global`]) {
      expect(await client.ask('subscribe', { room })).toMatchObject({ error: { code: 'not_found' } });
      expect(await client.ask('events.read', { room, offset: 0 })).toMatchObject({ error: { code: 'not_found' } });
    }
    const read = await client.ask('events.read', { room: 'project:42', offset: 0 });
    expect(read).toMatchObject({ events: [], offset: 0 });
    await post(ours.bot, 1);
    await eventually(() => expect(offsets(client.facts())).toEqual([1]));
  });
});
