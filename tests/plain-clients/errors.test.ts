// What a plain socket.io-client is told when something is refused, and that nothing a client sends hurts the server.
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { wireError } from '@roomcast/protocol';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, refusalOf, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt } from '../support/team.js';
import { testToken } from '../support/tokens.js';

const MAX_ROOMS = 5;
let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_ROOMS_PER_CONNECTION: String(MAX_ROOMS) } });
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
  await eventually(() => client.heard.length > 0);
  return client;
}

describe.each(['/', '/ws'] as const)('a connection on %s', (namespace) => {
  it.each([
    ['without a token', undefined, 'unauthorized', false],
    ['with nonsense for a token', 'nonsense', 'unauthorized', false],
    ['with an API key that was never made', `rc_${'x'.repeat(43)}`, 'unauthorized', false],
    ['with an expired token', testToken({ user: 'ada', expiresInSeconds: -60 }), 'token_expired', true],
    ['with a user that no id can be', testToken({ user: 'a/b' }), 'unauthorized', false],
  ])('%s is refused with code, message and whether to come again', async (_, token, code, retryable) => {
    const { message, data } = await refusalOf(server.url, { namespace, ...(token === undefined ? {} : { token }) });
    expect(wireError.strict().parse(data)).toMatchObject({ code, message, retryable });
  });
});

describe('a token', () => {
  const query = (path: string, headers: Record<string, string> = {}) =>
    new Promise<string>((resolve, reject) => {
      const url = `${server.url}/socket.io/?EIO=4&transport=polling${path}`;
      const answered = request(url, { headers }, (response) => {
        response.setEncoding('utf8').on('data', (text: string) => resolve(text));
      });
      answered.on('error', reject).end();
    });

  it.each([
    ['in the query', (token: string) => query(`&token=${token}`)],
    ['in the header', (token: string) => query('', { authorization: `Bearer ${token}` })],
  ])('is taken %s as well, and never logged', async (_, open) => {
    const { credential } = teamAt(server.url).ada;
    const { sid } = JSON.parse((await open(credential)).slice(1)) as { sid: string };
    const post = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
      method: 'POST',
      body: '40',
    });
    expect(await post.text()).toBe('ok');
    const answer = await query(`&sid=${sid}`);
    expect(answer).toMatch(/^40\{"sid"/);
    expect(server.logs()).not.toContain(credential);
  });
});

describe('a command', () => {
  it.each([
    ['that does not exist', 'no.such', {}],
    ['with the name of an event', 'project.created', {}],
    ['with the name of what every object has', '__proto__', {}],
    ['without its fields', 'subscribe', {}],
    ['with text for a payload', 'subscribe', 'global'],
    ['with a list for a payload', 'subscribe', ['global']],
    ['with a number for a room', 'subscribe', { room: 7 }],
    ['with a negative offset', 'subscribe', { room: 'global', offset: -1 }],
    ['with half an offset', 'events.read', { room: 'global', offset: 0.5 }],
    ['with more than a page', 'events.read', { room: 'global', offset: 0, limit: 501 }],
    ['with more rooms than one may name', 'subscribe_many', { rooms: Array(101).fill({ room: 'global' }) }],
  ])('%s is answered as a bad request', async (_, name, payload) => {
    const { error } = await (await connect(teamAt(server.url).ada)).ask(name, payload);
    expect(wireError.parse(error)).toMatchObject({ code: 'bad_request', retryable: false });
  });

  it('names each bad field', async () => {
    const client = await connect(teamAt(server.url).ada);
    const { error } = await client.ask('subscribe', { room: null, offset: 'x', state: 1 });
    const paths = wireError.parse(error).issues?.map(({ path }) => path);
    expect(paths?.toSorted()).toEqual(['offset', 'room', 'state']);
  });

  it('takes null for what is absent and ignores fields that it does not know', async () => {
    const client = await connect(teamAt(server.url).ada);
    const nothing = {
      offset: null,
      epoch: null,
      last_id: null,
      limit: null,
      replay: null,
      state: null,
      presence: null,
    };
    const ack = await client.ask('subscribe', { room: 'global', ...nothing, more: { than: 'known' } });
    expect(ack).toMatchObject({ status: 'success', recovered: true });
    expect(ack).not.toHaveProperty('events');
    expect((await client.ask('debug:rooms', null)).status).toBe('success');
  });

  it('without an acknowledgement is done, and its error is told as an event', async () => {
    const client = await connect(teamAt(server.url).ada);
    client.socket.emit('subscribe', { room: 'nowhere' });
    client.socket.emit('subscribe', { room: 'global' });
    client.socket.emit('subscribe');
    await eventually(() => expect(client.names()).toEqual(['error', 'error']));
    expect(
      client.heard
        .slice(1)
        .map(({ data }) => data.code)
        .sort(),
    ).toEqual(['bad_request', 'not_found']);
    await eventually(async () =>
      expect(await client.ask('debug:rooms')).toMatchObject({ rooms: [{}, { room: 'global' }] }),
    );
  });

  it('with arguments of every other shape is answered, and the connection goes on', async () => {
    const client = await connect(teamAt(server.url).ada);
    const ack = () => undefined;
    client.socket.emit('subscribe', ack);
    client.socket.emit('subscribe', 1, 2, 3);
    client.socket.emit('subscribe', { room: 'global' }, 'not a function');
    client.socket.emit('subscribe', Buffer.from('x'), ack);
    client.socket.emit('subscribe', [[[]]], ack);
    client.socket.emit('events.emit', { event: 'x', data: { toString: 1 } }, ack);
    client.socket.emit('auth.refresh', { token: { toString: null } }, ack);
    expect((await client.ask('debug:rooms')).status).toBe('success');
    expect(server.pid).toBeGreaterThan(0);
  });

  it.each([
    'user:bob',
    'session:1',
    'conversation:1',
    'nowhere:1',
    'nowhere',
    'project:',
    'project:a b',
    'global:1',
    '',
  ])('for the room "%s" is answered as if it did not exist', async (room) => {
    const client = await connect(teamAt(server.url).ada);
    const answers = [
      await client.ask('subscribe', { room }),
      await client.ask('subscribe', { room, offset: 0 }),
      await client.ask('events.read', { room, offset: 0 }),
      await client.ask('unsubscribe', { room }),
    ];
    expect(answers.map(({ error }) => error?.code)).toEqual(Array(4).fill('not_found'));
  });

  it('for one room more than a connection may be in is refused, and takes nothing away', async () => {
    const { ada, bot } = teamAt(server.url);
    const client = await connect(ada);
    for (let room = 1; room < MAX_ROOMS; room++) await client.subscribe(`project:${String(room)}`);
    const { error } = await client.ask('subscribe', { room: 'global' });
    expect(error).toMatchObject({
      code: 'too_many_rooms',
      retryable: false,
      message: expect.stringContaining('MAX_ROOMS'),
    });
    await client.subscribe('project:1');
    await client.ask('unsubscribe', { room: 'project:1' });
    await client.subscribe('global');
    await bot.post('/events', projectFact('2', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
  });
});

describe('a frame larger than the limit', () => {
  it('ends its connection and no other', async () => {
    const { ada } = teamAt(server.url);
    const [client, other] = [await connect(ada), await connect(ada)];
    client.socket.emit('subscribe', { room: 'x'.repeat(70_000) });
    await eventually(() => expect(client.socket.connected).toBe(false));
    expect(other.socket.connected).toBe(true);
  });
});

describe('the server', () => {
  it('has not been hurt by any of it', async () => {
    expect(server.pid).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    expect(server.logs()).not.toContain('internal error');
  });
});
