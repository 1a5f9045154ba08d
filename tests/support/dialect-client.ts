// What the clients of the existing systems have in common in tests: a WebSocket with the interface that browsers have,
// and the frames that came, in order.
import { WebSocket } from 'ws';
import { eventually } from './eventually.js';

export type Frame = Record<string, unknown> & { type?: string };

export interface Ended {
  code: number;
  reason: string;
}

export interface DialectClient {
  readonly ws: WebSocket;
  /** Frames that came; a text that is no JSON is `{ text }`. */
  readonly frames: Frame[];
  /** Frames of a type. */
  of(type: string): Frame[];
  send(frame: object): void;
  /** A text as it is. */
  say(text: string): void;
  readonly ended: Ended | undefined;
  close(): void;
}

const opened = new Set<WebSocket>();

/** Ends all clients of the test file. */
export function closeDialectClients(): void {
  for (const ws of opened) ws.terminate();
}

/** A `WebSocket` as browsers have it, for clients that are written for one. It is ended with the others. */
export class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    opened.add(this);
    this.on('close', () => opened.delete(this));
  }
}

/** Opens a WebSocket at a path with its query; resolves when it is open. */
export async function openDialect(url: string, path: string): Promise<DialectClient> {
  const ws = new BrowserWebSocket(url.replace('http', 'ws') + path);
  const frames: Frame[] = [];
  let ended: Ended | undefined;
  ws.on('error', () => {});
  ws.on('close', (code, reason) => (ended = { code, reason: reason.toString() }));
  ws.on('message', (bytes: Buffer) => {
    const text = bytes.toString();
    frames.push(text.startsWith('{') ? (JSON.parse(text) as Frame) : { text });
  });
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  return {
    ws,
    frames,
    of: (type) => frames.filter((frame) => frame.type === type),
    send: (frame) => ws.send(JSON.stringify(frame)),
    say: (text) => ws.send(text),
    get ended() {
      return ended;
    },
    close: () => ws.close(),
  };
}

/** How the server ends who comes so. */
export async function endAt(url: string, path: string): Promise<Ended> {
  const client = await openDialect(url, path);
  await eventually(() => client.ended !== undefined);
  return client.ended!;
}
