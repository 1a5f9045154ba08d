// A client of the native protocol on an ordinary WebSocket: what it heard, in order, and a way to ask.
import { commands, type SubscribeAck } from '@roomcast/protocol';
import { WebSocket } from 'ws';
import { eventually } from './eventually.js';
import type { Ack, Heard } from './plain-client.js';

export interface NativeOptions {
  /** A token or an API key, put into the address; none: nothing is sent. */
  token?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Whether it offers permessage-deflate. */
  compression?: boolean;
}

export interface NativeClient {
  readonly ws: WebSocket;
  /** All frames that came, as texts. */
  readonly texts: string[];
  /** All events that came, in order. */
  readonly heard: Heard[];
  /** The logged events among it. */
  facts(): Heard[];
  /** The names of all that came after the welcome. */
  names(): string[];
  ask(command: string, payload?: unknown): Promise<Ack>;
  /** A frame without an id. */
  tell(command: string, payload?: unknown): void;
  /** A text as it is. */
  say(text: string): void;
  /** Enters a room. @throws Error that holds the ack when that is refused */
  subscribe(room: string, more?: object): Promise<SubscribeAck>;
  /** Bytes that have come over the connection. */
  bytesRead(): number;
  /** How it ended, once it has. */
  readonly ended: Ended | undefined;
  /** Says goodbye. */
  close(): void;
}

export interface Ended {
  code: number;
  reason: string;
}

interface Frame extends Heard {
  data: Record<string, unknown>;
}

const opened = new Set<WebSocket>();

/** Ends all clients of the test file. */
export function closeNativeClients(): void {
  for (const ws of opened) ws.terminate();
}

/** Opens a WebSocket; resolves when it is open, which says nothing yet of whether it is let in. */
export async function openNativeClient(url: string, options: NativeOptions = {}): Promise<NativeClient> {
  const { token, path = '/ws', headers = {}, compression = false } = options;
  const query = token === undefined ? '' : `?token=${token}`;
  const ws = new WebSocket(url.replace('http', 'ws') + path + query, { headers, perMessageDeflate: compression });
  const client = nativeClient(ws);
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  return client;
}

/** Resolves when it was welcomed. @throws when it was refused */
export async function connectNativeClient(url: string, options: NativeOptions): Promise<NativeClient> {
  const client = await openNativeClient(url, options);
  await eventually(() => client.heard.length > 0 || client.ended !== undefined);
  if (client.ended) throw new Error(`closed: ${String(client.ended.code)} ${client.ended.reason}`);
  return client;
}

/** How the server ends who comes so. */
export async function endOf(url: string, options: NativeOptions): Promise<Ended> {
  const client = await openNativeClient(url, options);
  return eventually(() => client.ended ?? false) as Promise<Ended>;
}

function nativeClient(ws: WebSocket): NativeClient {
  const texts: string[] = [];
  const heard: Heard[] = [];
  const waiting = new Map<string, (ack: Ack) => void>();
  let asked = 0;
  let ended: Ended | undefined;
  let bytesRead = () => 0;
  opened.add(ws);
  ws.on('upgrade', ({ socket }) => (bytesRead = () => socket.bytesRead));
  ws.on('error', () => {});
  ws.on('close', (code, reason) => {
    ended = { code, reason: reason.toString() };
    opened.delete(ws);
  });
  ws.on('message', (bytes: Buffer) => {
    const text = bytes.toString();
    texts.push(text);
    if (!text.startsWith('{')) return;
    const frame = JSON.parse(text) as Frame;
    if (frame.event !== 'ack') return void heard.push(frame);
    waiting.get(frame.id ?? '')?.(frame.data);
    waiting.delete(frame.id ?? '');
  });
  const ask = async (command: string, payload: unknown = {}) => {
    const id = String(++asked);
    const answer = new Promise<Ack>((resolve) => waiting.set(id, resolve));
    ws.send(JSON.stringify({ id, event: command, data: payload }));
    const closed = new Promise<null>((resolve) => ws.once('close', () => resolve(null)));
    const ack = await Promise.race([answer, closed]);
    if (!ack) throw new Error(`${command}: closed with ${JSON.stringify(ended)}`);
    return ack;
  };
  return {
    ws,
    texts,
    heard,
    ask,
    tell: (event, data = {}) => ws.send(JSON.stringify({ event, data })),
    say: (text) => ws.send(text),
    bytesRead: () => bytesRead(),
    facts: () => heard.filter(({ offset }) => offset !== undefined),
    names: () => heard.map(({ event }) => event).filter((event) => event !== 'connection_established'),
    async subscribe(room, more = {}) {
      const ack = await ask('subscribe', { room, ...more });
      if (ack.status !== 'success') throw new Error(`${room}: ${JSON.stringify(ack)}`);
      return commands.subscribe.ack.parse(ack);
    },
    get ended() {
      return ended;
    },
    close: () => ws.close(),
  };
}
