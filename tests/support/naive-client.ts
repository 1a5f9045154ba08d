// The few lines that the documentation asks of a plain client, and no more: it keeps the newest position of each stream,
// from events and from answers, and on every connect passes it for every room of that stream – in a loop that does not
// wait, or in one `subscribe_many`.
import type { SubscribeAck } from '@roomcast/protocol';
import { openSocket, type Ack, type ClientOptions, type Heard } from './plain-client.js';

interface Position {
  offset: number;
  epoch?: string;
  last_id?: string;
}

export interface NaiveClient {
  /** The logged events that it was handed, in order, over all its connections. */
  readonly got: Heard[];
  /** The answers to its subscribes, in order. */
  readonly answers: SubscribeAck[];
  /** Everything else that it was told. */
  readonly told: Heard[];
  readonly connected: boolean;
  /** How often it has been connected. */
  readonly connects: number;
  /** Whether all of its rooms have been answered on this connection. */
  readonly settled: boolean;
  readonly positions: ReadonlyMap<string, Position>;
  /** Loses its connection without a word; it comes back by itself, or with `comeBack` only when told. */
  drop(options?: { comeBack?: boolean }): void;
  comeBack(): void;
  close(): void;
}

interface NaiveOptions extends ClientOptions {
  rooms: readonly string[];
  style?: 'loop' | 'many';
}

/** Connects, and comes back by itself until it is closed. */
export function openNaiveClient(url: string, { rooms, style = 'loop', ...options }: NaiveOptions): NaiveClient {
  const socket = openSocket(url, { reconnection: true, ...options });
  const got: Heard[] = [];
  const told: Heard[] = [];
  const answers: SubscribeAck[] = [];
  const positions = new Map<string, Position>();
  const streams = new Map<string, string>();
  let connects = 0;
  let missing = rooms.length;
  let away = false;

  const positionOf = (room: string) => positions.get(streams.get(room) ?? '') ?? {};

  function answered(ack: Ack | SubscribeAck): void {
    const { room, stream, offset, epoch, last_id } = ack as SubscribeAck;
    if ('status' in ack && ack.status !== 'success') throw new Error(JSON.stringify(ack));
    answers.push(ack as SubscribeAck);
    streams.set(room, stream);
    positions.set(stream, { offset, epoch, last_id });
    missing--;
  }

  socket.on('connect', () => {
    connects++;
    missing = rooms.length;
    const wanted = rooms.map((room) => ({ room, ...positionOf(room) }));
    if (style === 'loop') for (const item of wanted) socket.emit('subscribe', item, answered);
    else socket.emit('subscribe_many', { rooms: wanted }, (ack: { results: Ack[] }) => ack.results.forEach(answered));
  });

  socket.onAny((event: string, message: Heard) => {
    const { stream, offset, id } = message;
    if (stream === undefined || offset === undefined) return void told.push({ ...message, event });
    positions.set(stream, { ...positions.get(stream), offset, last_id: id });
    got.push({ ...message, event });
  });

  return {
    got,
    answers,
    told,
    positions,
    get connected() {
      return socket.connected;
    },
    get connects() {
      return connects;
    },
    get settled() {
      return socket.connected && connects > 0 && missing === 0;
    },
    drop({ comeBack = true } = {}) {
      // While it is being opened or waits to be, it cannot break: the library would wait for ever.
      if (socket.io.engine.readyState !== 'open') return;
      away = !comeBack;
      socket.io.reconnection(comeBack);
      socket.io.engine.close();
    },
    comeBack() {
      if (!away) return;
      away = false;
      socket.io.reconnection(true);
      // Over polling the end takes a while, and the library opens nothing before it is through with it.
      if (socket.connected) socket.once('disconnect', () => queueMicrotask(() => socket.connect()));
      else socket.connect();
    },
    close: () => void socket.disconnect(),
  };
}
