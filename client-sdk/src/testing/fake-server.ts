// A roomcast server in memory, at the level of the protocol: clients in a test connect to it instead of to a network,
// and the test says what happens: events, lost connections, revoked rooms, a log that cannot prove continuity.
import type { Envelope, SubscribeItem } from '@roomcast/protocol';
import type { BuiltInCatalogue, Catalogue, EventName, EventOf, RoomName } from '../catalogue-types.js';
import type { OpenLink } from '../link.js';
import { FakeConnection, type FakeError } from './fake-connection.js';
import { FakeLog, type FakeLogOptions } from './fake-log.js';
import { createFakeLink, type FakeLink } from './fake-link.js';

export interface FakeServerOptions extends FakeLogOptions {
  /** Most events of a page (500). */
  readonly pageSize?: number;
}

export interface FakeEmitOptions {
  /** Of a state event: the field of the data that tells whose value it is. */
  readonly key?: string;
  /** Not logged: only who is in the room now gets it. */
  readonly ephemeral?: boolean;
}

/** A command as it came. */
export interface FakeCommand {
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Answers a command: what the ack adds to `status: "success"`, an error, or null: no answer ever. */
export type FakeHandler = (payload: FakeCommand['payload']) => object | { error: FakeError } | null;

export interface FakeServer<C extends Catalogue = BuiltInCatalogue> {
  /** To be given to `createClient({ openLink })`. */
  readonly openLink: OpenLink;
  /** All commands so far, in the order in which they came. */
  readonly commands: readonly FakeCommand[];
  /** The tokens that clients came with, in that order. */
  readonly tokens: readonly string[];
  /** How many clients are connected. */
  readonly connections: number;
  emit<Name extends EventName<C>>(
    event: Name,
    data: EventOf<C, Name>['data'],
    rooms: readonly RoomName<C>[],
    options?: FakeEmitOptions,
  ): Envelope;
  /** Answers a command from now on; those of rooms too, if a test wants it. */
  handle(command: string, handler: FakeHandler): void;
  /** Turns connections down with an error of the table; null: takes them again. */
  refuse(error: FakeError | null): void;
  /** Ends every connection as a broken network does: clients come back. */
  disconnect(): void;
  /** Cannot be reached: ends every connection, and takes none until `up`. */
  down(): void;
  up(): void;
  /** Says goodbye for good to every client. */
  kick(): void;
  /** Tells every connection something about itself. */
  notify: FakeConnection['notify'];
  /** Takes a room away from everybody; `allow` gives it back. */
  revoke(room: RoomName<C>, reason?: string): void;
  allow(room: RoomName<C>): void;
  /** Retention: events of the room's stream up to this offset are gone. */
  truncate(room: RoomName<C>, offset: number): void;
  /** The database was restored: the log begins another life, empty. */
  restoreDatabase(): void;
}

export function createFakeServer<C extends Catalogue = BuiltInCatalogue>(options?: FakeServerOptions): FakeServer<C>;
export function createFakeServer({ pageSize = 500, ...logOptions }: FakeServerOptions = {}): FakeServer<Catalogue> {
  const log = new FakeLog(logOptions);
  const open = new Map<FakeLink, FakeConnection>();
  const commands: FakeCommand[] = [];
  const tokens: string[] = [];
  const handlers = new Map<string, FakeHandler>();
  const revoked = new Set<string>();
  const receipts = new Map<string, object>();
  let refusal: FakeError | null = null;
  let reachable = true;

  function append(event: string, data: Record<string, unknown>, rooms: readonly string[], key?: string): Envelope {
    const row = log.append(event, data, rooms, key === undefined ? null : String(data[key]));
    for (const connection of open.values()) connection.deliver(row);
    return row.envelope;
  }

  function pass(event: string, data: Record<string, unknown>, rooms: readonly string[]): Envelope {
    const timestamp = new Date().toISOString();
    const envelope = { id: log.newId(), event, version: 1, rooms: [...rooms], data, timestamp };
    for (const connection of open.values()) connection.deliver({ envelope });
    return envelope;
  }

  /** What a client emits goes to the rooms that its data names in `rooms`, and is known by its id. */
  function emitOnce({ event, data, id }: Payload): object {
    const known = receipts.get(String(id));
    if (known) return { ...known, duplicate: true };
    const fields = isFields(data) ? data : {};
    const rooms = isList<string>(fields.rooms) ? fields.rooms : ['global'];
    const { id: own, stream, offset } = append(String(event), fields, rooms);
    const receipt = { id: own, stream, offset, epoch: log.epoch, duplicate: false };
    receipts.set(String(id), receipt);
    return receipt;
  }

  const builtIn: Record<string, (connection: FakeConnection, payload: Payload) => object> = {
    subscribe_many: (connection, { rooms }) => ({
      results: isList<SubscribeItem>(rooms) ? connection.subscribe(rooms) : [],
    }),
    subscribe: (connection, { room }) => connection.subscribe([{ room: String(room) }])[0] ?? {},
    unsubscribe: (connection, { room }) => (connection.unsubscribe(String(room)) ? {} : { error: notFound }),
    'events.read': (connection, { room, offset, epoch, limit }) => {
      const from = { offset: Number(offset), ...(typeof epoch === 'string' ? { epoch } : {}) };
      return connection.read(String(room), from, typeof limit === 'number' ? limit : undefined);
    },
    'events.emit': (_connection, payload) => emitOnce(payload),
    'auth.refresh': () => ({}),
  };

  function command(connection: FakeConnection, name: string, payload: Payload): object | null {
    commands.push({ name, payload });
    const handler =
      handlers.get(name) ?? ((given: Payload) => builtIn[name]?.(connection, given) ?? unknownCommand(name));
    const answer = handler(payload);
    if (!answer) return null;
    return 'error' in answer ? { status: 'error', ...answer } : { status: 'success', ...answer };
  }

  const openLink: OpenLink = ({ token }, events) => {
    tokens.push(token);
    const denied = (room: string) => (revoked.has(room) ? notFound : null);
    const connection = new FakeConnection({ log, pageSize, denied, tell: (frame) => link.tell(frame) });
    const link = createFakeLink({
      events,
      command: (name, payload) => command(connection, name, { ...payload }),
      ended: () => void open.delete(link),
    });
    if (!reachable) link.close({ lost: 'The fake server is down' });
    else if (refusal) link.close({ refused: refusal });
    else {
      link.establish();
      open.set(link, connection);
    }
    return link;
  };

  function closeAll(how: Parameters<FakeLink['close']>[0]): void {
    const links = [...open.keys()];
    open.clear();
    for (const link of links) link.close(how);
  }

  return {
    openLink,
    commands,
    tokens,
    get connections() {
      return open.size;
    },
    emit: (event: string, data: Record<string, unknown>, rooms, { key, ephemeral } = {}) =>
      ephemeral ? pass(event, data, rooms) : append(event, data, rooms, key),
    handle: (name, handler) => void handlers.set(name, handler),
    refuse: (error) => void (refusal = error),
    disconnect: () => closeAll({ lost: 'The fake server has cut the connection' }),
    down() {
      reachable = false;
      closeAll({ lost: 'The fake server is down' });
    },
    up: () => void (reachable = true),
    kick: () => closeAll('kicked'),
    notify(name, data) {
      for (const connection of open.values()) connection.notify(name, data);
    },
    revoke(room, reason = 'access') {
      revoked.add(room);
      for (const connection of open.values()) connection.revoke(room, reason);
    },
    allow: (room) => void revoked.delete(room),
    truncate: (room, offset) => log.truncate(log.streamOf(room), offset),
    restoreDatabase() {
      for (const stream of log.restart()) {
        for (const connection of open.values()) connection.reset(stream, 'epoch_changed');
      }
    },
  };
}

type Payload = FakeCommand['payload'];

const notFound: FakeError = { code: 'not_found', message: 'It does not exist', retryable: false };

function unknownCommand(name: string): { error: FakeError } {
  return { error: { code: 'bad_request', message: `${name}: the test gives no answer to it`, retryable: false } };
}

function isList<Item>(value: unknown): value is Item[] {
  return Array.isArray(value);
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
