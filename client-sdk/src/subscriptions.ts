// Carries out what the room cursor decides: one `subscribe_many` at a time, pages, refetches, pauses. Everything of a
// connection ends with it; the next one begins with what is wanted then.
import type { Envelope } from '@roomcast/protocol';
import { retryDelay, type RetryTiming } from './backoff.js';
import { RoomCursor, type Ask, type Handed, type RoomWish, type Step } from './room-cursor.js';
import type { RoomcastError } from './roomcast-error.js';
import type { StreamPosition } from './stream-position.js';
import type { Hold } from './stream.js';
import {
  isConnectionEvent,
  isEnvelope,
  isReadPage,
  isSubscribeResult,
  type Outcome,
  type SubscribeResult,
} from './wire.js';

/** Those who wanted the rooms. Nothing of it may throw. */
export interface RoomsOutside {
  event(envelope: Envelope, rooms: readonly Handed[]): void;
  joined(room: string, recovered: boolean): void;
  refused(room: string, error: RoomcastError): void;
  /** @returns when the room may go on: the position of what was read anew, if that is known */
  reset(room: string, reason: string): Promise<StreamPosition | null>;
}

export interface Subscriptions {
  want(room: string, wish: RoomWish): void;
  drop(room: string): void;
  position(room: string): StreamPosition | null;
  /** Asks to be told who is in a room that was joined, or not any more. It is so until the room is left. */
  watch(room: string, on: boolean): void;
  /** @param again not the first connection: the clients of a node that died come back at different moments */
  connected(again: boolean): void;
  disconnected(): void;
  message(name: string, payload: unknown): void;
}

interface Deps {
  outside: RoomsOutside;
  send: (name: string, payload: object, done: (outcome: Outcome) => void) => void;
  /** Begins a new connection, since it is not known what was entered on this one. */
  restart: (reason: string) => void;
  timing: RetryTiming & { readonly spreadMs: number };
  random: () => number;
  /** Most events of a page; the server's own limit when left out. */
  pageLimit: number | undefined;
}

export function createSubscriptions({ outside, send, restart, timing, random, pageLimit }: Deps): Subscriptions {
  const cursor = new RoomCursor(take);
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const limit = pageLimit === undefined ? {} : { limit: pageLimit };
  /** Counts connections; 0 while there is none. */
  let connection = 0;
  let connections = 0;
  let asking = false;
  let scheduled = false;
  let failures = 0;
  const watched = new Set<string>();

  /** After the current turn, so that what an application does in one turn is one subscribe. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      proceed();
    });
  }

  function proceed(): void {
    if (connection === 0 || asking) return;
    for (const room of cursor.takeLeaving()) send('unsubscribe', { room }, () => {});
    const ask = cursor.ask();
    if (!ask) return;
    asking = true;
    sendNow('subscribe_many', { rooms: ask.items.map((item) => ({ ...item, ...limit })) }, (outcome) => {
      asking = false;
      settle(ask, outcome);
    });
  }

  /** Sends on this connection; an answer that comes after its end is not heard, and none at all ends it. */
  function sendNow(name: string, payload: object, done: (outcome: Exclude<Outcome, { type: 'unanswered' }>) => void) {
    const own = connection;
    send(name, payload, (outcome) => {
      if (own !== connection) return;
      if (outcome.type === 'unanswered') restart(`${name} was not answered`);
      else done(outcome);
    });
  }

  function settle(ask: Ask, outcome: Exclude<Outcome, { type: 'unanswered' }>): void {
    const again =
      outcome.type === 'success' ? cursor.answered(ask, resultsOf(outcome.ack)) : cursor.failed(ask, outcome.error);
    failures = again ? failures + 1 : 0;
    if (!again) return proceed();
    asking = true;
    later(() => {
      asking = false;
      proceed();
    }, outcome);
  }

  function later(action: () => void, outcome: Outcome): void {
    const asked = outcome.type === 'error' ? (outcome.error.retryAfterMs ?? 0) : 0;
    after(Math.max(asked, retryDelay(Math.max(1, failures), timing, random)), action);
  }

  function after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      action();
    }, ms);
    timers.add(timer);
  }

  function read(room: string, hold: Hold): void {
    const from = cursor.position(room);
    if (!from) return;
    const { offset, epoch } = from;
    sendNow('events.read', { room, offset, epoch, ...limit }, (outcome) => {
      if (outcome.type === 'success' && isReadPage(outcome.ack)) {
        if (cursor.page(room, hold, outcome.ack)) read(room, hold);
        else schedule();
      } else if (outcome.type === 'error' && !outcome.error.retryable) {
        cursor.pageFailed(room, hold, outcome.error);
        schedule();
      } else later(() => read(room, hold), outcome);
    });
  }

  function watch(room: string, on: boolean): void {
    sendNow('subscribe', { room, presence: on }, (outcome) => {
      if (outcome.type === 'success' || !outcome.error.retryable) return;
      later(() => {
        if (on && watched.has(room)) watch(room, on);
      }, outcome);
    });
  }

  function take(step: Step): void {
    if (step.type === 'event') outside.event(step.envelope, step.rooms);
    else if (step.type === 'joined') outside.joined(step.room, step.recovered);
    else if (step.type === 'refused') {
      watched.delete(step.room);
      outside.refused(step.room, step.error);
    } else if (step.type === 'read') read(step.room, step.hold);
    else void refetch(step);
  }

  async function refetch({ rooms, reason, hold }: Extract<Step, { type: 'reset' }>): Promise<void> {
    const floors = new Map<string, StreamPosition>();
    await Promise.all(
      rooms.map(async (room) => {
        const floor = await outside.reset(room, reason);
        if (floor) floors.set(room, floor);
      }),
    );
    cursor.release(hold, floors);
    schedule();
  }

  return {
    want(room, wish) {
      // It begins anew.
      if (wish.position ?? wish.state) watched.delete(room);
      cursor.want(room, wish);
      schedule();
    },
    watch(room, on) {
      if (on === watched.has(room)) return;
      if (on) watched.add(room);
      else watched.delete(room);
      watch(room, on);
    },
    drop(room) {
      watched.delete(room);
      cursor.drop(room);
      schedule();
    },
    position: (room) => cursor.position(room),
    connected(again) {
      connection = ++connections;
      asking = false;
      cursor.connected();
      if (again) after(random() * timing.spreadMs, proceed);
      else proceed();
    },
    disconnected() {
      connection = 0;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      watched.clear();
      cursor.disconnected();
    },
    message(name, payload) {
      if (isConnectionEvent('room.reset', name, payload)) cursor.reset(payload.data);
      else if (isConnectionEvent('room.revoked', name, payload)) {
        cursor.revoked(payload.data.room, payload.data.reason);
      } else if (isEnvelope(payload)) cursor.event(payload);
    },
  };
}

function resultsOf({ results }: Readonly<Record<string, unknown>>): (SubscribeResult | null)[] {
  return Array.isArray(results) ? results.map((result) => (isSubscribeResult(result) ? result : null)) : [];
}
