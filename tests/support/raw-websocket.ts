// A WebSocket client that does only what it is told: it sends bytes that no library would send, stops reading, vanishes.
// RFC 6455 as far as a test needs it.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface RawWebSocket {
  /** Texts that have come. */
  readonly received: string[];
  /** How it ended: the code of the close frame, or null where the connection just ended. */
  readonly ended: Ended | undefined;
  /** Resolves when it has ended. */
  readonly end: Promise<Ended>;
  /** Called with every text as it comes. */
  onText: (text: string) => void;
  /** One text frame. */
  send(text: string): void;
  /** One frame of any kind. */
  sendFrame(frame: RawFrame): void;
  /** Bytes as they are. */
  write(bytes: Buffer): void;
  /** Reads nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it without a word. */
  destroy(): void;
}

interface Ended {
  code: number | null;
}

export interface RawFrame {
  payload: string | Buffer;
  /** 1: text, 2: binary, 8: close, 9: ping; text when left out. */
  opcode?: number;
  /** The last frame of its message; true when left out. */
  final?: boolean;
  /** Clients must mask; true when left out. */
  masked?: boolean;
}

const TEXT = 1;
const CLOSE = 8;

/**
 * Opens a WebSocket.
 * @param url of the server, `http://…`
 * @throws when the server does not answer with an upgrade; the message is its answer
 */
export async function openRawWebSocket(url: string, path: string): Promise<RawWebSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay();
  const rest = await upgrade(socket, path);
  const received: string[] = [];
  let ended: Ended | undefined;
  let code: number | null = null;
  const take = createFrameReader((opcode, payload) => {
    if (opcode === CLOSE) {
      if (payload.length >= 2) code = payload.readUInt16BE();
      socket.end();
    }
    if (opcode !== TEXT) return;
    received.push(payload.toString());
    raw.onText(payload.toString());
  });
  socket.on('data', take);
  const end = new Promise<Ended>((resolve) => socket.on('close', () => resolve((ended = { code }))));
  const raw: RawWebSocket = {
    received,
    get ended() {
      return ended;
    },
    end,
    onText() {},
    send: (payload) => raw.sendFrame({ payload }),
    sendFrame: (frame) => raw.write(encodeFrame(frame)),
    write(bytes) {
      if (!socket.destroyed) socket.write(bytes);
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
  };
  take(rest);
  return raw;
}

/** @returns bytes that came with the answer */
function upgrade(socket: Socket, path: string): Promise<Buffer> {
  const key = randomBytes(16).toString('base64');
  const headers = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  socket.write([`GET ${path} HTTP/1.1`, ...headers, `Sec-WebSocket-Key: ${key}`, '', ''].join('\r\n'));
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const take = (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      const end = answer.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', take);
      if (answer.toString('latin1').startsWith('HTTP/1.1 101')) resolve(answer.subarray(end + 4));
      else reject(new Error(answer.toString()));
    };
    // A reset is an end like any other.
    socket.on('error', reject).on('close', () => reject(new Error('The server ended the connection')));
    socket.on('data', take);
  });
}

/** The bytes of a frame. */
function encodeFrame({ payload, opcode = TEXT, final = true, masked = true }: RawFrame): Buffer {
  const data = Buffer.from(payload);
  const head = data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(head + (masked ? 4 : 0) + data.length);
  frame[0] = (final ? 0x80 : 0) | opcode;
  frame[1] = masked ? 0x80 : 0;
  if (head === 2) frame[1] |= data.length;
  else if (head === 4) {
    frame[1] |= 126;
    frame.writeUInt16BE(data.length, 2);
  } else {
    frame[1] |= 127;
    frame.writeBigUInt64BE(BigInt(data.length), 2);
  }
  // The mask of zeros is a mask: the payload stands there as it is.
  data.copy(frame, frame.length - data.length);
  return frame;
}

/** @returns takes bytes as they come and hands over whole frames of a server, which are neither masked nor cut */
function createFrameReader(onFrame: (opcode: number, payload: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let size; (size = sizeOf(rest)) && rest.length >= size.head + size.payload;) {
      const end = size.head + size.payload;
      const frame = rest.subarray(0, end);
      rest = rest.subarray(end);
      onFrame(frame[0]! & 0x0f, frame.subarray(size.head));
    }
  };
}

function sizeOf(bytes: Buffer): { head: number; payload: number } | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 0x7f;
  if (short < 126) return { head: 2, payload: short };
  if (short === 126) return bytes.length < 4 ? null : { head: 4, payload: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? null : { head: 10, payload: Number(bytes.readBigUInt64BE(2)) };
}
