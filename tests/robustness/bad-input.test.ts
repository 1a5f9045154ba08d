// Whatever strangers and broken clients send: each gets the code that it is due, nobody else notices, and the process
// and its memory are afterwards what they were before.
import { describe, expect, it } from '@jest/globals';
import { commands } from '@roomcast/protocol';
import { callerAt, type Caller } from '../support/caller.js';
import { eventually } from '../support/eventually.js';
import { memoryOf } from '../support/metrics.js';
import { connectRaw, openRawSocketIo, type Ack, type RawSocketIo } from '../support/raw-socketio.js';
import type { RawFrame } from '../support/raw-websocket.js';
import { testToken } from '../support/tokens.js';
import { watchServer } from './watched-server.js';

const MIB = 1024 * 1024;
const BIG = 'x'.repeat(10 * MIB);
const FLOOD = 1_000;
const BURST = 60;
const COMMANDS_PER_SECOND = 20;

const server = watchServer();

const member = (user = 'ada') => server.open(connectRaw(server.url, testToken({ user })));
/** May send as many commands as it likes. */
const publisher = () => server.open(connectRaw(server.url, testToken({ user: 'bot', roles: ['publisher'] })));
const callerOf = (user: string, tenant: string, ...roles: string[]): Caller =>
  callerAt(server.url, { user, tenant, roles });
const codeOf = ({ error }: Ack) => error?.code;

/** Codes of the errors that were told without having been asked for. */
const errorsOf = ({ events }: RawSocketIo) =>
  events.filter(({ name }) => name === 'error').map(({ message }) => message.data.code);

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('a frame that is no packet of the protocol', () => {
  const texts: [string, string][] = [
    ['nothing at all', ''],
    ['an unknown type', '9'],
    ['a heartbeat in the wrong direction', '2'],
    ['a message without a packet', '4'],
    ['JSON that ends too early', '42["subscribe",{"room":'],
    ['no list', '42{}'],
    ['an empty list', '42[]'],
    ['a list without a name', '42[null]'],
    ['an object for a name', '42[{}]'],
    ['a name that the library keeps for itself', '42["disconnect"]'],
    ['an unknown packet', '47'],
    ['attachments that nobody could hold', '45999999999-["subscribe"]'],
    ['attachments without a number', '45["subscribe"]'],
    ['an acknowledgement that is none', '431{}'],
    ['a second request for the namespace', '40{}'],
    ['a refusal, from a client', '44{"message":"no"}'],
    ['a goodbye with more to say', '41{}'],
  ];
  const frames: [string, RawFrame[]][] = [
    ['bytes that nothing announced', [{ payload: 'x', opcode: 2 }]],
    [
      'an attachment that is not the one announced',
      [{ payload: '451-["subscribe",{"_placeholder":true,"num":7}]' }, { payload: 'x', opcode: 2 }],
    ],
    ['text where an attachment is due', [{ payload: '451-["subscribe",{}]' }, { payload: '42["debug:rooms"]' }]],
    ['a frame without a mask', [{ payload: '42["debug:rooms"]', masked: false }]],
    ['a reserved kind of frame', [{ payload: 'x', opcode: 3 }]],
    ['the rest of a message that has not begun', [{ payload: 'x', opcode: 0 }]],
    ['text that is not UTF-8', [{ payload: Buffer.from([0x34, 0xff]) }]],
    ['a close with half a code', [{ payload: 'x', opcode: 8 }]],
    ['a ping longer than pings are', [{ payload: 'x'.repeat(200), opcode: 9 }]],
  ];

  it.each(texts)('(%s) ends its connection', async (_what, text) => {
    const { wire } = await publisher();
    wire.send(text);
    await wire.end;
  });

  it.each(frames)('(%s) ends its connection', async (_what, sent) => {
    const { wire } = await publisher();
    for (const frame of sent) wire.sendFrame(frame);
    await wire.end;
  });

  it('(bytes of another protocol) ends its connection', async () => {
    const { wire } = await publisher();
    wire.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await wire.end;
  });

  it.each([
    ['an acknowledgement that nobody waits for', '4399[]'],
    ['a packet for a namespace that does not exist', '40/nowhere,{}'],
    ['an acknowledgement asked for under an endless number', `42${'9'.repeat(400)}["debug:rooms"]`],
    ['an event named as errors are', '42["error",{"code":"internal"}]'],
  ])('but for %s, which hurts nothing', async (_what, text) => {
    const connection = await publisher();
    connection.wire.send(text);
    expect((await connection.ask('debug:rooms')).status).toBe('success');
  });
});

describe('a poll that is no packet of the protocol', () => {
  const poll = async (query: string, body?: string | Buffer) => {
    const url = `${server.url}/socket.io/?EIO=4&transport=polling${query}`;
    const response = await fetch(url, body === undefined ? {} : { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  };
  const opened = async () => {
    const { sid } = JSON.parse((await poll('')).text.slice(1)) as { sid: string };
    return `&sid=${sid}`;
  };

  it.each([
    ['text of no type', 'x'],
    ['bytes', Buffer.from([0, 1, 2])],
    ['nothing', ''],
  ])('(%s) ends its connection', async (_what, body) => {
    const session = await opened();
    await poll(session, body);
    expect((await poll(session)).status).toBe(400);
  });

  it.each([
    ['a command before the namespace', '42["subscribe",{}]'],
    ['a whole frame of empty packets', `4${'\u001e4'.repeat(30_000)}`],
    ['bytes that are none', 'b!!'],
  ])('(%s) ends its connection, and says so to the poll', async (_what, body) => {
    const session = await opened();
    await poll(session, body);
    expect((await poll(session)).text).toMatch(/^([^]*\W)?1$/);
  });

  it('for a connection that does not exist, or over a transport that does not, is a bad request', async () => {
    expect((await poll('&sid=none', '42["subscribe",{}]')).status).toBe(400);
    expect((await fetch(`${server.url}/socket.io/?EIO=4&transport=pigeon`)).status).toBe(400);
    expect((await fetch(`${server.url}/socket.io/?EIO=3&transport=polling`)).status).toBe(400);
  });

  it('of 10 MB is too large', async () => {
    expect((await poll(await opened(), BIG)).status).toBe(413);
  });
});

describe('what is too large', () => {
  it.each([
    ['a frame of 10 MB', [{ payload: BIG }]],
    ['bytes of 10 MB', [{ payload: BIG, opcode: 2 }]],
    [
      'a message of many frames',
      [{ payload: '42["', final: false }, ...Array<RawFrame>(3).fill({ payload: BIG, opcode: 0, final: false })],
    ],
  ])('(%s) ends its connection with 1009', async (_what, frames) => {
    const { wire } = await publisher();
    for (const frame of frames) wire.sendFrame(frame);
    expect(await wire.end).toEqual({ code: 1009 });
  });

  it('is refused when it is announced', async () => {
    const { wire } = await publisher();
    wire.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]));
    expect(await wire.end).toEqual({ code: 1009 });
  });

  it.each(['/events', '/projects'])('is refused from %s', async (path) => {
    const { status, body } = await callerOf('bot', 'default', 'publisher').post(path, { name: BIG });
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
  });
});

describe('a command', () => {
  const wrong = [7, true, 'text', [], [[]], [{}], {}, { room: 7 }, { room: null, rooms: 'x', token: [], event: {} }];

  it.each(Object.keys(commands))('(%s) with values of every wrong type is answered', async (name) => {
    const connection = await publisher();
    for (const payload of wrong) {
      const ack = await connection.ask(name, payload);
      // A command that takes nothing takes any object.
      if (name === 'debug:rooms' && !Array.isArray(payload) && typeof payload === 'object') {
        expect(ack.status).toBe('success');
      } else {
        expect([name, payload, codeOf(ack)]).toEqual([name, payload, 'bad_request']);
        expect(ack.error?.issues?.length).toBeGreaterThan(0);
      }
    }
  });

  it.each([7, -1, 1e300])('named by the number %d does not exist', async (name) => {
    const connection = await publisher();
    connection.tell(`5[${name},{}]`);
    connection.tell(`[${name}]`);
    await eventually(() => expect(errorsOf(connection)).toEqual(['bad_request']));
    expect((await connection.ask('debug:rooms')).status).toBe('success');
  });

  it.each([
    ['as what every object has', '__proto__'],
    ['as the maker of objects', 'constructor'],
    ['by half a character', '\ud800'],
    ['by sixty thousand letters', 'n'.repeat(60_000)],
  ])('named %s does not exist', async (_how, name) => {
    const ack = await (await publisher()).ask(name, {});
    expect(codeOf(ack)).toBe('bad_request');
    expect(ack.error?.message.length).toBeLessThan(200);
  });

  it('whose payload holds names that every object has is taken as if they were not there', async () => {
    const connection = await publisher();
    const inherited = '{"__proto__":{"room":"global"},"constructor":{"prototype":{"room":"global"}}}';
    connection.tell(`["subscribe",${inherited}]`);
    await eventually(() => expect(errorsOf(connection)).toEqual(['bad_request']));
    const ack = await connection.ask('events.emit', {
      event: 'operation.completed',
      data: JSON.parse('{"project_id":"42","operation":"x","result":{"__proto__":{"admin":true}}}') as object,
    });
    expect(ack.status).toBe('success');
    expect((await connection.ask('debug:rooms')).admin).toBeUndefined();
  });

  it('with thousands of bad fields is answered briefly', async () => {
    const connection = await publisher();
    const ack = await connection.ask('subscribe_many', { rooms: Array(30_000).fill(0) });
    expect(codeOf(ack)).toBe('bad_request');
    expect(JSON.stringify(ack).length).toBeLessThan(64 * 1024);
  });

  it('that emits what is nested without end is refused, and what is taken can be read', async () => {
    const connection = await publisher();
    const emit = async (levels: number) => {
      const data = { project_id: 'deep', operation: 'x', result: JSON.parse(nested(levels)) as unknown };
      return connection.ask('events.emit', { event: 'operation.completed', data });
    };
    const endless = `{"project_id":"deep","operation":"x","result":${nested(30_000)}}`;
    connection.tell(`["events.emit",{"event":"operation.completed","data":${endless}}]`);
    await eventually(() => expect(errorsOf(connection)).toEqual(['bad_request']));
    expect(codeOf(await emit(2_000))).toBe('bad_request');
    expect((await emit(190)).status).toBe('success');
    const read = await connection.ask('events.read', { room: 'project:deep', offset: 0 });
    expect(read.events).toHaveLength(1);
  });
});

describe('a room', () => {
  it('of another tenant is answered as one that does not exist, whatever is asked of it', async () => {
    await callerOf('eve', 'globex').post('/projects', { id: 'theirs', name: 'Globe' });
    const ada = await member();
    const answers = async (room: string) => [
      await ada.ask('subscribe', { room }),
      await ada.ask('subscribe', { room, offset: 3, epoch: 'x', replay: 'ack', state: true }),
      await ada.ask('events.read', { room, offset: 0 }),
      await ada.ask('unsubscribe', { room }),
      ((await ada.ask('subscribe_many', { rooms: [{ room }] })).results as Ack[])[0],
    ];
    const [theirs, nobodys] = [await answers('user:eve'), await answers('user:nobody')];
    expect(theirs.map((ack) => ack && codeOf(ack))).toEqual(Array(5).fill('not_found'));
    expect(JSON.stringify(theirs).replaceAll('eve', 'nobody')).toBe(JSON.stringify(nobodys));
    const rest = async (path: string) => {
      const { status, body } = await callerOf('ada', 'default').get(path);
      return [status, body.code, body.detail];
    };
    expect(await rest('/projects/theirs')).toEqual(await rest('/projects/nobodys'));
    expect(await rest('/rooms/user:eve/events')).toEqual(await rest('/rooms/user:nobody/events'));
  });

  it('that is entered under its tenant’s or its connection’s own name is not another one', async () => {
    const ada = await member();
    const { sid } = await ada.greeting;
    const names = [String(sid), `globex/project:theirs`, `globex/`, `/`, `project:../theirs`, `project:%2e`, `\u0000`];
    for (const room of names) expect([room, codeOf(await ada.ask('subscribe', { room }))]).toEqual([room, 'not_found']);
  });

  it('too many is refused by name; the others are entered', async () => {
    const bot = await publisher();
    const rooms = Array.from({ length: 100 }, (_, n) => ({ room: `project:${n}` }));
    const { results } = (await bot.ask('subscribe_many', { rooms })) as { results: Ack[] };
    // Its own room is one of the hundred.
    expect(results.map((result) => result.status)).toEqual([...Array<string>(99).fill('success'), 'error']);
    expect(results.at(-1)?.error).toMatchObject({ code: 'too_many_rooms', retryable: false });
    expect(codeOf(await bot.ask('subscribe', { room: 'global' }))).toBe('too_many_rooms');
  });
});

describe('a flood of subscribes', () => {
  it('is answered one by one: what is over the rate is told when to come again, and the connection stays', async () => {
    const ada = await member('flooding');
    const began = Date.now();
    const acks = await Promise.all(
      Array.from({ length: FLOOD }, (_, n) => ada.ask('subscribe', { room: `agent:${n % 50}` })),
    );
    const seconds = (Date.now() - began) / 1_000;
    const taken = acks.filter(({ status }) => status === 'success').length;
    const refused = acks.filter(({ status }) => status === 'error');
    expect(taken).toBeGreaterThanOrEqual(BURST);
    expect(taken).toBeLessThanOrEqual(BURST + COMMANDS_PER_SECOND * seconds + 1);
    expect(refused.map(codeOf)).toEqual(Array(FLOOD - taken).fill('rate_limited'));
    expect(refused.every(({ error }) => error?.retryable && Number(error.retry_after_ms) > 0)).toBe(true);
    await eventually(async () => expect((await ada.ask('debug:rooms')).status).toBe('success'), { everyMs: 100 });
  });

  it('without acknowledgements is told as errors', async () => {
    const ada = await member('flooding-too');
    for (let n = 0; n < FLOOD; n++) ada.tell('["subscribe",{"room":"global"}]');
    await eventually(() => expect(errorsOf(ada).length).toBeGreaterThan(FLOOD / 2));
    expect(new Set(errorsOf(ada))).toEqual(new Set(['rate_limited']));
    expect(ada.wire.ended).toBeUndefined();
  });
});

describe('a connection that never says who it is', () => {
  it('is closed after ten seconds; so is one that has left every namespace', async () => {
    const began = Date.now();
    const silent = await server.open(openRawSocketIo(server.url, {}));
    const refused = await server.open(openRawSocketIo(server.url, { auth: {} }));
    const left = await member();
    left.wire.send('41');
    await Promise.all([silent, refused, left].map(({ wire }: RawSocketIo) => wire.end));
    expect(Date.now() - began).toBeGreaterThan(8_000);
  });
});

describe('the memory of the server', () => {
  it('returns after requests and frames of megabytes', async () => {
    const bot = callerOf('bot', 'default', 'publisher');
    for (let round = 0; round < 5; round++) {
      const { wire } = await publisher();
      wire.send(BIG);
      await wire.end;
      await bot.post('/events', { events: JSON.parse(nested(4_000)) as unknown, more: 'x'.repeat(7 * MIB) });
      await bot.post('/events', { name: BIG });
    }
    // The engine gives memory back when it has been idle for half a minute.
    await eventually(async () => expect(await memoryOf(server.url)).toBeLessThan(server.memoryBefore + 64), {
      withinMs: 100_000,
      everyMs: 1_000,
    });
  }, 150_000);
});
