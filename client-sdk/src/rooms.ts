// The rooms that an application has to do with, between its functions and the subscriptions: which are wanted, who is
// called, how far each is. What an application's function throws is reported, and stops nothing.
import type { Envelope } from '@roomcast/protocol';
import type { RoomWish } from './room-cursor.js';
import { RoomcastError } from './roomcast-error.js';
import { isLogged, positionIn, type StreamPosition } from './stream-position.js';
import type { RoomsOutside, Subscriptions } from './subscriptions.js';

/** By room: what an application stores, and gives to its next client. */
export type Positions = Record<string, StreamPosition>;

export interface Reset {
  readonly room: string;
  /** `epoch_changed`, `future_offset` or `truncated`. */
  readonly reason: string;
}
/** What a refetch may answer: the position of what it has read. */
type Refetched = { readonly offset: number; readonly epoch: string } | null | undefined;
export type ResetHandler = (reset: Reset) => Refetched | Promise<Refetched> | Promise<void>;

export interface Revocation {
  readonly room: string;
  /** `revoked`, or why the server turned the room down. */
  readonly error: RoomcastError;
}
export type RevokedHandler = (revocation: Revocation) => unknown;

/** Somebody who is handed a room's events. */
export interface Listener {
  /** The only event that it is for. */
  readonly event?: string;
  /** @param before how far the room had been handed over; null for what is not logged */
  take(envelope: Envelope, before: StreamPosition | null): unknown;
  /** Nothing more comes, and why, if that is an error. */
  end?(error: RoomcastError | null): void;
}

interface Waiter {
  resolve(entered: { recovered: boolean }): void;
  reject(error: RoomcastError): void;
}

/** What is told of a room only to those who have asked for it: who is there. */
const WATCHED = /^presence\.[sdc]/;

export class ApplicationRoom {
  readonly listeners = new Set<Listener>();
  readonly resets = new Set<ResetHandler>();
  readonly revocations = new Set<RevokedHandler>();
  waiters: Waiter[] = [];
  /** Somebody subscribed, and has not left. */
  subscribed = false;
  /** It may not be entered, and is not asked for until somebody wants it anew. */
  denied = false;
  /** Events that were handed over and not acknowledged, oldest first, each with the position before it. */
  readonly unacknowledged = new Map<number, StreamPosition>();

  get wanted(): boolean {
    return !this.denied && (this.subscribed || this.listeners.size > 0);
  }

  /** @param iterations only those who take all events and are told the end */
  end(error: RoomcastError | null, iterations = false): void {
    for (const listener of [...this.listeners]) {
      if (iterations && !listener.end) continue;
      this.listeners.delete(listener);
      listener.end?.(error);
    }
  }

  settle(how: (waiter: Waiter) => void): void {
    const waiters = this.waiters;
    this.waiters = [];
    waiters.forEach(how);
  }
}

export interface RoomsDeps {
  subscriptions: () => Pick<Subscriptions, 'want' | 'drop' | 'position' | 'watch'>;
  /** An event counts for a position when it is acknowledged, not when it is handed over. */
  manual: boolean;
  positions: Readonly<Positions>;
  onReset: ResetHandler | undefined;
  onRevoked: RevokedHandler | undefined;
  failed: (error: unknown) => void;
}

export interface Rooms extends RoomsOutside {
  of(room: string): ApplicationRoom;
  /** Tells the subscriptions of a change, at the end of the turn: off and on again is no change. */
  changed(room: string, wish?: RoomWish): void;
  position(room: string): StreamPosition | null;
  positions(): Positions;
  acknowledge(envelope: Envelope): void;
  /** The connection does not come back by itself: who waits for a room waits in vain. */
  stopWaiting(error: RoomcastError): void;
  /** Nobody listens any more. */
  close(): void;
}

export function createRooms({ subscriptions, manual, positions, onReset, onRevoked, failed }: RoomsDeps): Rooms {
  const rooms = new Map<string, ApplicationRoom>();
  /** Not used yet. */
  const stored = new Map(Object.entries(positions));
  const changes = new Map<string, RoomWish>();

  function of(room: string): ApplicationRoom {
    const known = rooms.get(room) ?? new ApplicationRoom();
    rooms.set(room, known);
    return known;
  }

  function changed(room: string, wish?: RoomWish): void {
    if (changes.size === 0) queueMicrotask(apply);
    changes.set(room, { ...changes.get(room), ...wish });
  }

  function apply(): void {
    const due = [...changes];
    changes.clear();
    for (const [room, wish] of due) {
      if (of(room).wanted) want(room, wish);
      else leave(room);
    }
  }

  function want(room: string, wish: RoomWish): void {
    const position = stored.get(room);
    stored.delete(room);
    subscriptions().want(room, position ? { position, ...wish } : wish);
  }

  function leave(room: string): void {
    const left = of(room);
    subscriptions().drop(room);
    left.unacknowledged.clear();
    left.settle(({ reject }) => reject(new RoomcastError('disconnected', `${room} was left`)));
    if (left.resets.size + left.revocations.size === 0) rooms.delete(room);
  }

  async function call(run: () => unknown): Promise<void> {
    try {
      await run();
    } catch (error) {
      failed(error);
    }
  }

  function hand(room: string, envelope: Envelope, before: StreamPosition | null): void {
    const { listeners, unacknowledged } = of(room);
    const heard = [...listeners].filter(({ event }) => event === undefined || event === envelope.event);
    if (manual && before && isLogged(envelope) && heard.length > 0) unacknowledged.set(envelope.offset, before);
    for (const listener of heard) void call(() => listener.take(envelope, before));
  }

  function position(room: string): StreamPosition | null {
    const [first] = rooms.get(room)?.unacknowledged.values() ?? [];
    return first ?? subscriptions().position(room) ?? stored.get(room) ?? null;
  }

  return {
    of,
    changed,
    position,
    event(envelope, handed) {
      for (const { room, before } of handed) hand(room, envelope, before);
    },
    joined(room, recovered) {
      const { listeners } = of(room);
      subscriptions().watch(
        room,
        [...listeners].some(({ event = '' }) => WATCHED.test(event)),
      );
      of(room).settle(({ resolve }) => resolve({ recovered }));
    },
    refused(room, error) {
      const denied = of(room);
      const handlers = [...denied.revocations, ...(onRevoked ? [onRevoked] : [])];
      if (handlers.length + denied.waiters.length === 0) failed(error);
      denied.denied = true;
      denied.settle(({ reject }) => reject(error));
      denied.end(error, true);
      for (const handler of handlers) void call(() => handler({ room, error }));
    },
    async reset(room, reason) {
      const { resets, unacknowledged, listeners } = of(room);
      const error = new RoomcastError('reset', `${room}: events may be missing (${reason})`);
      unacknowledged.clear();
      of(room).end(error, true);
      changed(room);
      const handlers = [...resets, ...(onReset ? [onReset] : [])];
      if (handlers.length === 0 && listeners.size > 0) failed(error);
      const read: StreamPosition[] = [];
      const refetch = async (handler: ResetHandler) => {
        const position = await handler({ room, reason });
        if (position) read.push(positionIn(position));
      };
      await Promise.all(handlers.map((handler) => call(() => refetch(handler))));
      // What one of them has not read it must be handed.
      if (read.length < handlers.length) return null;
      return read.sort((a, b) => a.offset - b.offset)[0] ?? null;
    },
    positions() {
      const known = [...stored.keys(), ...rooms.keys()].map((room) => ({ room, at: position(room) }));
      return Object.fromEntries(known.flatMap(({ room, at }) => (at ? [[room, at]] : [])));
    },
    acknowledge(envelope) {
      for (const room of envelope.rooms) rooms.get(room)?.unacknowledged.delete(envelope.offset ?? 0);
    },
    stopWaiting(error) {
      for (const room of rooms.values()) room.settle(({ reject }) => reject(error));
    },
    close() {
      for (const [name, room] of rooms) {
        room.end(null);
        room.subscribed = false;
        changed(name);
      }
    },
  };
}
