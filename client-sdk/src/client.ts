// A client of a roomcast server: one connection, the rooms that are wanted over it, and commands that wait for it.
import type { BuiltInCatalogue, Catalogue, Envelope, Receipt } from '@roomcast/protocol';
import type { Command, CommandAck, CommandPayload, EventInput, EventName, RoomName } from './catalogue-types.js';
import { createCommandQueue, type Ack, type CommandOptions } from './command-queue.js';
import { createConnection, type StatusStore, type TokenPurpose } from './connection.js';
import type { OpenLink } from './link.js';
import { newId } from './new-id.js';
import { createRoom, type Room } from './room.js';
import { RoomcastError } from './roomcast-error.js';
import { createRooms, type Positions, type ResetHandler, type RevokedHandler } from './rooms.js';
import { openSocketIoLink } from './socketio-link.js';
import type { StreamPosition } from './stream-position.js';
import { createSubscriptions } from './subscriptions.js';
import { isAckOf, isReadPage, isReceipt, type ReadPage } from './wire.js';

/** All in milliseconds. */
export interface Timing {
  /** Around the first pause before trying again; each further one is twice as long (500). */
  readonly minMs: number;
  /** Around the longest (10,000). */
  readonly maxMs: number;
  /** How long the answer of a command is waited for (10,000). */
  readonly commandTimeoutMs: number;
  /** Over how long the subscribes of clients that come back together are spread (200). */
  readonly spreadMs: number;
}

const TIMING: Timing = { minMs: 500, maxMs: 10_000, commandTimeoutMs: 10_000, spreadMs: 200 };
const MAX_WAITING_COMMANDS = 1000;

export interface ClientOptions {
  /** Of the server, as in `https://events.example.com`; left out: where the page came from. */
  readonly url?: string;
  /** Of the Socket.IO endpoint (`/socket.io`). */
  readonly path?: string;
  /** `/` or `/ws`; they behave the same (`/`). */
  readonly namespace?: string;
  /** Gets a token for each connection, and a new one before it ends. What it throws is an attempt that failed. */
  readonly getToken: (purpose: TokenPurpose) => string | Promise<string>;
  /**
   * When an event counts as handed over for `position` and `positions`: before its handlers run (`auto`), or when
   * `client.ack(event)` is called (`manual`), so that what was not finished comes again with the next client.
   */
  readonly ack?: 'auto' | 'manual';
  /** What an earlier client's `positions()` said: each room goes on from there. */
  readonly positions?: Readonly<Positions>;
  /** For rooms of any name; see `room.onReset`, `room.onRevoked`. */
  readonly onReset?: ResetHandler;
  readonly onRevoked?: RevokedHandler;
  /** What handlers throw, and what nobody handles: resets, revocations (`console.error`). */
  readonly onError?: (error: unknown) => void;
  /** Most events of one page while catching up (the server's limit, 500). */
  readonly pageLimit?: number;
  readonly timing?: Partial<Timing>;
  /** The way to the server; tests give that of a fake one. */
  readonly openLink?: OpenLink;
}

export interface EmitOptions extends Pick<CommandOptions, 'signal'> {
  /** Under which a repeat is known; made if left out. Give your own to repeat it even over a restart. */
  readonly id?: string;
}

export interface Client<C extends Catalogue = BuiltInCatalogue> {
  readonly status: StatusStore;
  /** Connects now instead of at the first use; also after having been thrown out or refused. */
  connect(): void;
  /** Ends everything. A closed client does not come back. */
  close(): void;
  /** A handle of a room; nothing is sent before somebody listens or subscribes. */
  room(name: RoomName<C>): Room<C>;
  /**
   * Emits an event (publishers only). It waits for a connection, and is repeated under one id until there is an answer.
   * @throws RoomcastError the server's error; `closed`, `queue_full`; or the reason of the signal
   */
  emit<Name extends EventName<C>>(event: Name, data: EventInput<C, Name>, options?: EmitOptions): Promise<Receipt>;
  /**
   * Sends a command. It waits for a connection.
   * @returns what its ack adds to `status`
   * @throws RoomcastError the server's error; `timeout` when no answer came and it is not `repeatable`
   */
  command<Name extends Command>(
    name: Name,
    payload: CommandPayload<Name>,
    options?: CommandOptions,
  ): Promise<CommandAck<Name>>;
  /** With `ack: 'manual'`: the event is done with, in all its rooms. */
  ack(event: Envelope): void;
  /** How far each room is, to be stored and given to the next client. */
  positions(): Positions;
}

/**
 * Makes a client; it connects when it is first used.
 * @typeParam C `typeof catalogue` of a server with events of its own
 */
export function createClient<C extends Catalogue = BuiltInCatalogue>(options: ClientOptions): Client<C>;
export function createClient(options: ClientOptions): Client<Catalogue> {
  const { url, path = '/socket.io', namespace = '/', getToken, openLink = openSocketIoLink } = options;
  const timing = { ...TIMING, ...options.timing };
  const { random } = Math;
  const failed = options.onError ?? ((error: unknown) => console.error(error));

  const connection = createConnection({
    openLink: (token, events) => openLink({ url, path, namespace, token }, events),
    getToken,
    timing,
    random,
    connected(again) {
      subscriptions.connected(again);
      queue.connected();
    },
    disconnected() {
      subscriptions.disconnected();
      queue.disconnected();
    },
    closed(error) {
      queue.close(error);
      rooms.stopWaiting(error);
    },
    message: (name, payload) => subscriptions.message(name, payload),
    failed,
  });
  const { send, restart, status } = connection;
  const queue = createCommandQueue({ send, timing, random, maxWaiting: MAX_WAITING_COMMANDS });
  const rooms = createRooms({
    subscriptions: () => subscriptions,
    manual: options.ack === 'manual',
    positions: options.positions ?? {},
    onReset: options.onReset,
    onRevoked: options.onRevoked,
    failed,
  });
  const subscriptions = createSubscriptions({
    outside: rooms,
    send,
    restart,
    timing,
    random,
    pageLimit: options.pageLimit,
  });

  function use(): void {
    const now = status.getSnapshot();
    if (now.state === 'closed') throw new RoomcastError('closed', `The client is closed (${now.reason})`);
    if (now.state === 'idle') connection.open();
  }

  async function run(name: string, payload: object, given?: CommandOptions): Promise<Ack> {
    use();
    return queue.run(name, payload, given);
  }

  async function emit(event: string, data: object, { id = newId(), signal }: EmitOptions = {}): Promise<Receipt> {
    const receipt = await run('events.emit', { event, data, id }, { repeatable: true, signal });
    if (isReceipt(receipt)) return receipt;
    throw unknownForm('events.emit');
  }

  async function command<Name extends Command>(name: Name, payload: CommandPayload<Name>, given?: CommandOptions) {
    const ack = await run(name, payload ?? {}, given);
    if (isAckOf(name, ack)) return ack;
    throw unknownForm(name);
  }

  async function read(room: string, { offset, epoch }: StreamPosition): Promise<ReadPage> {
    const page = await run('events.read', { room, offset, epoch, limit: options.pageLimit }, { repeatable: true });
    if (isReadPage(page)) return page;
    throw unknownForm('events.read');
  }

  return {
    status,
    connect: () => connection.open(),
    close() {
      connection.close();
      rooms.close();
    },
    room: (name) => createRoom(name, { rooms, use, read }),
    emit,
    command,
    ack: (event) => rooms.acknowledge(event),
    positions: () => rooms.positions(),
  };
}

function unknownForm(command: string): RoomcastError {
  return new RoomcastError('internal', `${command} was answered in a form that is not known`);
}
