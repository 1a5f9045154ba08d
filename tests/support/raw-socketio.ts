// Socket.IO spoken by hand over a raw WebSocket: packets are written as they stand in the protocol, or as they should
// never stand there. https://socket.io/docs/v4/socket-io-protocol/
import { openRawWebSocket, type RawWebSocket } from './raw-websocket.js';

/** Engine.IO's door for a transport that has not begun with polling. */
const PATH = '/socket.io/?EIO=4&transport=websocket';

export interface Ack {
  status?: string;
  error?: { code: string; message: string; retryable: boolean; retry_after_ms?: number; issues?: { path: string }[] };
  [field: string]: unknown;
}

/** An event as it came, or what the server told this one connection. */
export interface RawEvent {
  name: string;
  message: { id?: string; offset?: number; stream?: string; data: Record<string, unknown> };
}

export interface RawSocketIo {
  readonly wire: RawWebSocket;
  /** Events of the namespace, in the order in which they came. */
  readonly events: RawEvent[];
  /** How the namespace answered the request to connect. */
  readonly greeting: Promise<{ sid?: string; message?: string; data?: Ack['error'] }>;
  /** The acknowledgement of a command; the arguments are sent as they are. */
  ask(command: string, ...args: unknown[]): Promise<Ack>;
  /** A packet of the namespace that waits for no answer: what stands after its type. */
  tell(body: string): void;
  close(): void;
}

export interface RawSocketIoOptions {
  /** What the packet CONNECT holds; nothing is sent when it is left out. */
  auth?: unknown;
  namespace?: '/' | '/ws';
  /** More of the query, as `&token=…`. */
  query?: string;
  /** Does not answer heartbeats. */
  silent?: boolean;
}

/** Opens a transport and, with `auth`, asks for the namespace. */
export async function openRawSocketIo(url: string, options: RawSocketIoOptions): Promise<RawSocketIo> {
  const { auth, namespace = '/', query = '', silent = false } = options;
  const wire = await openRawWebSocket(url, PATH + query);
  const prefix = namespace === '/' ? '' : `${namespace},`;
  const events: RawEvent[] = [];
  const waiting = new Map<number, (ack: Ack) => void>();
  let asked = 0;
  let greet: (greeting: object) => void;
  const greeting = new Promise<object>((resolve) => (greet = resolve));

  wire.onText = (text) => {
    if (text === '2') return silent ? undefined : wire.send('3');
    const packet = /^4([0-4])(?:\/ws,)?(\d*|Infinity)([{[].*)$/s.exec(text);
    if (!packet) return;
    const [, type, id, body = ''] = packet;
    if (type === '0' || type === '4') greet(JSON.parse(body) as object);
    if (type === '2') {
      const [name, message] = JSON.parse(body) as [string, RawEvent['message']];
      events.push({ name, message });
    }
    if (type === '3') {
      waiting.get(Number(id))?.((JSON.parse(body) as [Ack])[0]);
      waiting.delete(Number(id));
    }
  };
  // What came before the listener was set.
  for (const text of wire.received) wire.onText(text);
  if (auth !== undefined) wire.send(`40${prefix}${JSON.stringify(auth)}`);

  return {
    wire,
    events,
    greeting,
    async ask(command, ...args) {
      const id = ++asked;
      const answer = new Promise<Ack>((resolve) => waiting.set(id, resolve));
      wire.send(`42${prefix}${id}${JSON.stringify([command, ...args])}`);
      const ended = await Promise.race([answer.then(() => null), wire.end]);
      if (ended) throw new Error(`${command}: the connection ended with ${String(ended.code)}`);
      return answer;
    },
    tell: (body) => wire.send(`42${prefix}${body}`),
    close: () => wire.destroy(),
  };
}

/** Connects as somebody and waits until the server has taken it. */
export async function connectRaw(url: string, token: string, namespace: '/' | '/ws' = '/'): Promise<RawSocketIo> {
  const raw = await openRawSocketIo(url, { auth: { token }, namespace });
  const greeting = await raw.greeting;
  if (greeting.sid === undefined) throw new Error(`refused: ${JSON.stringify(greeting)}`);
  return raw;
}
