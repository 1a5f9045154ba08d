// The few parts of Engine.IO beneath a Socket.IO socket that are used directly, in one place: an upgrade of the library
// is read against this file, and fails at the first connection when a part is gone.
import type { Socket } from 'socket.io';

export interface WaitingPacket {
  readonly data?: string;
  readonly options?: { readonly wsPreEncodedFrame?: readonly Buffer[] };
}

/** `drain`: packets were handed to the transport; it may still be writing them. */
type EngineEvent = 'heartbeat' | 'drain' | 'upgrade' | 'close';

interface Transport {
  readonly name: string;
  readonly writable: boolean;
  /** Of the `websocket` transport. */
  readonly socket?: unknown;
  on(event: 'ready', listener: () => void): void;
  off(event: 'ready', listener: () => void): void;
}

export interface Engine {
  readonly readyState: string;
  readonly transport: Transport;
  /** Packets that the transport has not taken yet: where a stalled connection's backlog stands. */
  readonly writeBuffer: WaitingPacket[];
  /** @param options `wsPreEncodedFrame`: finished WebSocket frames, written as they are by that transport */
  write(text: string, options?: { wsPreEncodedFrame?: Buffer[] }): void;
  sendPacket(type: 'ping'): void;
  /** Waits for the backlog, unless it is discarded. */
  close(discard?: boolean): void;
  on(event: 'packetCreate', listener: (packet: { type: string }) => void): void;
  on(event: 'flush', listener: (packets: WaitingPacket[]) => void): void;
  on(event: EngineEvent, listener: () => void): void;
  off(event: EngineEvent, listener: () => void): void;
}

/** @throws TypeError when the library is not the one that this was written for */
export function engineOf({ conn }: Pick<Socket, 'conn'>): Engine {
  if (isEngine(conn)) return conn;
  throw new TypeError('this version of engine.io is not known: see gateways/socketio/engine.ts');
}

function isEngine(conn: object): conn is Engine {
  const part = (name: string): unknown => Reflect.get(conn, name);
  return (
    typeof part('write') === 'function' &&
    typeof part('sendPacket') === 'function' &&
    Array.isArray(part('writeBuffer'))
  );
}

/**
 * Writes finished frames past Engine.IO and `ws`, which saves a third of a delivery, where nothing waits before them:
 * neither here, nor in the transport, nor for the kernel. Whatever is written in the ordinary way comes after them.
 * @returns false when they have to go the ordinary way
 */
export function writeDirectly({ readyState, transport, writeBuffer }: Engine, frames: Buffer): boolean {
  if (readyState !== 'open' || !transport.writable || writeBuffer.length > 0) return false;
  const stream = streamBeneath(transport.socket);
  if (!stream || stream.writableLength > 0 || !stream.writable) return false;
  stream.write(frames);
  return true;
}

type ByteStream = Pick<Socket['request']['socket'], 'write' | 'writable' | 'writableLength'>;

/** The stream that `ws` writes to; null where it has none, or is not the version that is known. */
function streamBeneath(webSocket: unknown): ByteStream | null {
  if (typeof webSocket !== 'object' || webSocket === null) return null;
  const stream: unknown = Reflect.get(webSocket, '_socket');
  return isByteStream(stream) ? stream : null;
}

function isByteStream(stream: unknown): stream is ByteStream {
  return typeof stream === 'object' && stream !== null && 'writableLength' in stream && 'write' in stream;
}

/** @param details of a socket's end @returns whether it ended because a frame was too large: Engine.IO keeps only the words of `ws` */
export function isTooLarge(details: unknown): boolean {
  return details instanceof Error && details.message.includes('Max payload size exceeded');
}

/** Ends a connection at once; `close` would wait for its backlog, for ever where nobody reads it. */
export function terminate(of: Engine): void {
  const { socket } = of.transport;
  if (canTerminate(socket)) socket.terminate();
  else of.close(true);
}

// By its form: the engine may bring a `ws` of its own, whose class is not ours.
function canTerminate(socket: unknown): socket is { terminate(): void } {
  return typeof socket === 'object' && socket !== null && 'terminate' in socket;
}
