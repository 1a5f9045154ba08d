// A room as an application holds it.
import type { AnyEvent, Catalogue, EventName, EventOf } from './catalogue-types.js';
import { iterate } from './room-iteration.js';
import type { RoomWish } from './room-cursor.js';
import type { Listener, ResetHandler, RevokedHandler, Rooms } from './rooms.js';
import type { StreamPosition } from './stream-position.js';
import type { ReadPage } from './wire.js';

/** What an iteration keeps for one who does not take it; then it reads on from the log. */
const KEPT_EVENTS = 1000;

export interface SubscribeOptions {
  /** Hand over what came after it: the `position` of a snapshot, or one that was stored. */
  readonly position?: StreamPosition;
  /** Hand over the current value of every key of the room's `state` events first. */
  readonly state?: boolean;
}

export interface IterationOptions {
  /** Begin after this position instead of with what comes next. */
  readonly after?: StreamPosition;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface Room<C extends Catalogue> {
  readonly name: string;
  /**
   * How far the room's events have been handed over (with `ack: 'manual'`: acknowledged); null before anything is
   * known. During a handler it is the position of the event that is being handled.
   */
  readonly position: StreamPosition | null;
  /**
   * Calls a handler with every event of this name. The first handler of a room subscribes to it.
   * @returns takes the handler away; with the last one the room is left, unless `subscribe` was called
   */
  on<Name extends EventName<C>>(event: Name, handler: (event: EventOf<C, Name>) => unknown): () => void;
  /**
   * Subscribes, and stays so until `leave`.
   * @returns once the room is entered and what it had since its position has been handed over
   * @throws RoomcastError `not_found`, `forbidden`, `too_many_rooms`; `disconnected` when it was left before
   */
  subscribe(options?: SubscribeOptions): Promise<{ recovered: boolean }>;
  /** Leaves the room: takes all handlers of events away and ends all iterations. */
  leave(): void;
  /**
   * Called when events may be missing: read anew what is shown. Events wait until all of these have settled; what they
   * answer, the position of what was read, is skipped to.
   * @returns takes it away
   */
  onReset(handler: ResetHandler): () => void;
  /** Called when the room may not be entered, or not any more. @returns takes it away */
  onRevoked(handler: RevokedHandler): () => void;
  /**
   * All events of the room, one by one. It begins when it is first asked for one.
   * @throws RoomcastError `reset` when events may be missing; the server's error when the room may not be entered
   */
  events(options?: IterationOptions): AsyncGenerator<AnyEvent<C>, void, undefined>;
}

export interface RoomDeps {
  rooms: Rooms;
  /** Somebody needs a connection. @throws RoomcastError when the client is closed */
  use: () => void;
  read: (room: string, after: StreamPosition) => Promise<ReadPage>;
}

export function createRoom<C extends Catalogue>(name: string, deps: RoomDeps): Room<C>;
export function createRoom(name: string, { rooms, use, read }: RoomDeps): Room<Catalogue> {
  const own = () => rooms.of(name);

  function want(change: () => void, wish?: RoomWish): void {
    use();
    own().denied = false;
    change();
    rooms.changed(name, wish);
  }

  async function entered(wish?: RoomWish): Promise<{ recovered: boolean }> {
    return new Promise((resolve, reject) => {
      want(() => own().waiters.push({ resolve, reject }), wish);
    });
  }

  function listen(listener: Listener): () => void {
    want(() => own().listeners.add(listener));
    return () => {
      own().listeners.delete(listener);
      rooms.changed(name);
    };
  }

  return {
    name,
    get position() {
      return rooms.position(name);
    },
    on<Name extends string>(event: Name, handler: (event: EventOf<Catalogue, Name>) => unknown) {
      return listen({ event, take: handler });
    },
    async subscribe(options) {
      own().subscribed = true;
      return entered(options);
    },
    leave() {
      own().subscribed = false;
      own().end(null);
      rooms.changed(name);
    },
    onReset: (handler) => added(() => own().resets, handler),
    onRevoked: (handler) => added(() => own().revocations, handler),
    events: ({ after, signal } = {}) =>
      iterate({ listen, entered, read: (from) => read(name, from), after, signal, maxKept: KEPT_EVENTS }),
  };
}

function added<Handler>(set: () => Set<Handler>, handler: Handler): () => void {
  set().add(handler);
  return () => void set().delete(handler);
}
