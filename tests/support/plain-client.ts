// socket.io-client as anybody uses it, without an SDK: what it heard, in order, and a way to ask.
import { io, type Socket } from 'socket.io-client';
import { commands, type SubscribeAck } from '@roomcast/protocol';

/** An event as it came, or what the server told this one connection (no `id`). */
export interface Heard {
  event: string;
  id?: string;
  version?: number;
  rooms?: string[];
  stream?: string;
  offset?: number;
  data: Record<string, unknown>;
  timestamp: string;
}

export type Ack = Record<string, unknown> & { status?: string; error?: Record<string, unknown> };

export interface ClientOptions {
  /** A token or an API key; none: nothing is sent. */
  token?: string;
  namespace?: '/' | '/ws';
  /** `upgrade` is what socket.io-client does unless told: it begins with polling. */
  transport?: 'websocket' | 'polling' | 'upgrade';
  /** Whether it comes back by itself; it does not unless told. */
  reconnection?: boolean;
}

export interface PlainClient {
  readonly socket: Socket;
  /** All that came, in order. */
  readonly heard: Heard[];
  /** The logged events among it. */
  facts(): Heard[];
  /** The names of all that came after the welcome. */
  names(): string[];
  ask(command: string, payload?: unknown): Promise<Ack>;
  /** Enters a room. @throws Error that holds the ack when that is refused */
  subscribe(room: string, more?: object): Promise<SubscribeAck>;
  close(): void;
}

const ANSWER_MS = 20_000;
const COME_BACK_MS = 50;

export function openSocket(url: string, options: ClientOptions): Socket {
  const { token, namespace = '/', transport = 'websocket', reconnection = false } = options;
  return io(namespace === '/' ? url : url + namespace, {
    ...(token === undefined ? {} : { auth: { token } }),
    transports: transport === 'upgrade' ? ['polling', 'websocket'] : [transport],
    reconnection,
    reconnectionDelay: COME_BACK_MS,
    reconnectionDelayMax: 4 * COME_BACK_MS,
    forceNew: true,
  });
}

/** Resolves when it was welcomed. @throws what the server refused it with */
export async function connectPlainClient(url: string, options: ClientOptions): Promise<PlainClient> {
  const socket = openSocket(url, options);
  const client = plainClient(socket);
  try {
    await welcomed(socket);
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  return client;
}

async function welcomed(socket: Socket): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  // A server that is not sure any more whom it has let in ends the transport, so that the client asks again.
  const again = (reason: string) => {
    if (reason === 'transport close') socket.connect();
  };
  socket.on('disconnect', again);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connection_established', () => resolve());
      socket.once('connect_error', reject);
      timer = setTimeout(() => {
        reject(new Error(`not welcomed within ${ANSWER_MS} ms; connected: ${String(socket.connected)}`));
      }, ANSWER_MS);
    });
  } finally {
    socket.off('disconnect', again);
    clearTimeout(timer);
  }
}

/** What a refused client learns: message and data of its `connect_error`. */
export async function refusalOf(url: string, options: ClientOptions): Promise<{ message: string; data?: unknown }> {
  try {
    const client = await connectPlainClient(url, options);
    client.close();
  } catch (error) {
    const { message, data } = error as Error & { data?: unknown };
    return { message, data };
  }
  throw new Error('the client was let in');
}

function plainClient(socket: Socket): PlainClient {
  const heard: Heard[] = [];
  socket.onAny((event: string, message: Heard) => heard.push({ ...message, event }));
  const ask = async (command: string, payload: unknown = {}) =>
    (await socket.timeout(ANSWER_MS).emitWithAck(command, payload)) as Ack;
  return {
    socket,
    heard,
    ask,
    facts: () => heard.filter(({ offset }) => offset !== undefined),
    names: () => heard.map(({ event }) => event).filter((event) => event !== 'connection_established'),
    async subscribe(room, more = {}) {
      const ack = await ask('subscribe', { room, ...more });
      if (ack.status !== 'success') throw new Error(`${room}: ${JSON.stringify(ack)}`);
      return commands.subscribe.ack.parse(ack);
    },
    close: () => void socket.disconnect(),
  };
}
