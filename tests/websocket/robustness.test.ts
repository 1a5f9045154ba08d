// Bytes that no library would send, at the native door: each breach of RFC 6455 is closed with the code that the RFC has
// for it, what is odd but right is taken, and nobody else notices.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeNativeClients, connectNativeClient, type NativeClient } from '../support/native-client.js';
import { openRawWebSocket, type RawFrame, type RawWebSocket } from '../support/raw-websocket.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';

const [CONTINUATION, TEXT, CLOSE, PING, PONG] = [0, 1, 8, 9, 10];
const MAX_FRAME_BYTES = 4_096;

let database: TestDatabase;
let server: ServerProcess;
let bystander: NativeClient;
let users = 0;
const raws: RawWebSocket[] = [];
beforeAll(async () => {
  database = await testDatabase();
  const env = { MAX_FRAME_BYTES: String(MAX_FRAME_BYTES), PING_INTERVAL_MS: '2000', PING_TIMEOUT_MS: '1000' };
  server = await startServer({ env: { ...database.env, ...env } });
  bystander = await connectNativeClient(server.url, { token: testToken({ user: 'bystander' }) });
});
afterAll(async () => {
  for (const raw of raws) raw.destroy();
  closeNativeClients();
  await server.stop();
  await database.drop();
});

async function open(): Promise<RawWebSocket> {
  const raw = await openRawWebSocket(server.url, `/ws?token=${testToken({ user: `user-${String(users++)}` })}`);
  raws.push(raw);
  await eventually(() => raw.received.length === 1);
  return raw;
}

/** The code with which a connection that sends these frames is closed. */
async function codeAfter(...frames: RawFrame[]): Promise<number | null> {
  const raw = await open();
  for (const frame of frames) raw.sendFrame(frame);
  return (await raw.end).code;
}

const debug = (id: number) => `{"id": ${String(id)}, "event": "debug:rooms"}`;
const rest = (text: string, from: number) => text.slice(from);

describe('frames that are odd but right', () => {
  it('may be cut to pieces, with a ping between them', async () => {
    const raw = await open();
    raw.sendFrame({ payload: debug(1).slice(0, 5), final: false });
    raw.sendFrame({ opcode: PING, payload: 'are you there?' });
    raw.sendFrame({ opcode: CONTINUATION, payload: '', final: false });
    raw.sendFrame({ opcode: CONTINUATION, payload: rest(debug(1), 5) });
    await eventually(() => expect(raw.received[1]).toMatch(/^\{"id":1,"event":"ack"/));
  });

  it('may come byte by byte', async () => {
    const raw = await open();
    const bytes: Buffer[] = [];
    const { write } = raw;
    raw.write = (frame) => void bytes.push(frame);
    raw.send(debug(2));
    for (const byte of Buffer.concat(bytes)) write(Buffer.from([byte]));
    await eventually(() => expect(raw.received[1]).toMatch(/^\{"id":2,"event":"ack"/));
  });

  it('may be a pong that nobody asked for, and an empty text', async () => {
    const raw = await open();
    raw.sendFrame({ opcode: PONG, payload: 'here I am' });
    raw.send('');
    await eventually(() => expect(raw.received[1]).toMatch(/"bad_request"/));
    raw.send(debug(3));
    await eventually(() => expect(raw.received[2]).toMatch(/^\{"id":3,"event":"ack"/));
  });

  it('may hold characters of four bytes, cut in the middle', async () => {
    const raw = await open();
    const payload = Buffer.from('{"id": "𝄞", "event": "debug:rooms"}');
    raw.sendFrame({ payload: payload.subarray(0, 9), final: false });
    raw.sendFrame({ opcode: CONTINUATION, payload: payload.subarray(9) });
    await eventually(() => expect(raw.received[1]).toMatch(/^\{"id":"𝄞","event":"ack"/));
  });
});

describe('a breach of the protocol is closed with its code:', () => {
  const text = (more: Partial<RawFrame>): RawFrame => ({ payload: debug(1), ...more });
  it.each<[string, number, RawFrame[]]>([
    ['text that is not UTF-8', 1007, [text({ payload: Buffer.from([0xc3, 0x28]) })]],
    [
      'text that is not UTF-8 over two frames',
      1007,
      [text({ payload: Buffer.from([0xe2, 0x82]), final: false }), text({ opcode: CONTINUATION, payload: 'x' })],
    ],
    ['an opcode that there is not', 1002, [text({ opcode: 3 })]],
    ['a control opcode that there is not', 1002, [text({ opcode: 11 })]],
    ['a frame without a mask', 1002, [text({ masked: false })]],
    ['a continuation of nothing', 1002, [text({ opcode: CONTINUATION })]],
    ['a message within a message', 1002, [text({ final: false }), text({ opcode: TEXT })]],
    ['a ping in pieces', 1002, [text({ opcode: PING, final: false })]],
    ['a ping that is too long', 1002, [{ opcode: PING, payload: 'x'.repeat(126) }]],
    ['a close frame of one byte', 1002, [{ opcode: CLOSE, payload: 'x' }]],
    ['a close code that may not be sent', 1002, [{ opcode: CLOSE, payload: Buffer.from([0x03, 0xed]) }]],
    ['a frame that is too large', 1009, [text({ payload: 'x'.repeat(MAX_FRAME_BYTES + 1) })]],
    [
      'a message that is too large in all',
      1009,
      [text({ payload: 'x'.repeat(MAX_FRAME_BYTES), final: false }), text({ opcode: CONTINUATION, payload: 'x' })],
    ],
  ])('%s with %i', async (_what, code, frames) => {
    expect(await codeAfter(...frames)).toBe(code);
  });

  it('a frame whose head says that it is too large, before it has come', async () => {
    const raw = await open();
    const head = Buffer.alloc(14);
    head.set([0x81, 0xff]);
    head.writeBigUInt64BE(2n ** 40n, 2);
    raw.write(head);
    expect(await raw.end).toEqual({ code: 1009 });
  });
});

describe('a connection', () => {
  it('that is closed properly is answered with the same code', async () => {
    expect(await codeAfter({ opcode: CLOSE, payload: Buffer.from([0x03, 0xe8]) })).toBe(1000);
  });

  it('of which one half is gone, or that is there but silent, is gone after its heartbeat', async () => {
    const silent = await open();
    expect(await silent.end).toEqual({ code: null });
  });

  it('of somebody else has noticed nothing', async () => {
    expect(await bystander.ask('debug:rooms')).toMatchObject({ status: 'success' });
    expect(bystander.names()).toEqual([]);
    expect(server.logs()).not.toMatch(/"level":(50|60)/);
  });
});
