// One client's connection to the fake server: what it is in, and the answers of the commands that the SDK sends. Every
// command is handled at once and whole, so what it says and the events that follow are in one order.
import type { ConnectionEvents, Envelope, SubscribeItem } from '@roomcast/protocol';
import type { FakeLog, FakePlace, FakeRow } from './fake-log.js';

/** What goes down to the client between the acks, in order. */
export interface FakeFrame {
  readonly name: string;
  readonly payload: unknown;
}

export interface FakeError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
}

interface Deps {
  log: FakeLog;
  tell: (frame: FakeFrame) => void;
  /** The error with which a room is turned down, if it is. */
  denied: (room: string) => FakeError | null;
  pageSize: number;
}

type Result = { room: string; status: 'error'; error: FakeError } | ({ room: string; status: 'success' } & FakePlace);

export class FakeConnection {
  /** By room: the offset after which its rows are handed over on this connection. */
  readonly joined = new Map<string, number>();

  constructor(private readonly deps: Deps) {}

  deliver({ envelope }: { envelope: Envelope }): void {
    if (envelope.rooms.some((room) => this.joined.has(room))) this.message(envelope.event, envelope);
  }

  notify<Name extends keyof ConnectionEvents>(name: Name, data: ConnectionEvents[Name]): void {
    this.message(name, { event: name, data, timestamp: new Date().toISOString() });
  }

  revoke(room: string, reason: string): void {
    if (this.joined.delete(room)) this.notify('room.revoked', { room, reason });
  }

  /** The stream goes on elsewhere, in what is now its life. */
  reset(stream: string, reason: string): void {
    const rooms = [...this.joined.keys()].filter((room) => this.deps.log.streamOf(room) === stream);
    const place = this.deps.log.place(stream);
    for (const room of rooms) this.joined.set(room, place.offset);
    if (rooms.length > 0) this.notify('room.reset', { stream, rooms, reason, ...place });
  }

  /** @returns the results, in the order of the items */
  subscribe(items: readonly SubscribeItem[]): Result[] {
    const results = new Map<string, Result>();
    const streams = new Map<string, SubscribeItem[]>();
    for (const item of items) {
      const error = this.deps.denied(item.room);
      if (error) results.set(item.room, { room: item.room, status: 'error', error });
      const stream = this.deps.log.streamOf(item.room);
      if (!error) streams.set(stream, [...(streams.get(stream) ?? []), item]);
    }
    for (const [stream, of] of streams) for (const result of this.enter(stream, of)) results.set(result.room, result);
    return items.flatMap(({ room }) => results.get(room) ?? []);
  }

  unsubscribe(room: string): boolean {
    return this.joined.delete(room);
  }

  /** @param from how far the room has been handed over */
  read(room: string, from: { offset: number; epoch?: string }, limit = this.deps.pageSize): object {
    const { log } = this.deps;
    const stream = log.streamOf(room);
    const reason = log.unrecovered(stream, from);
    if (reason) return { stream, events: [], ...log.place(stream), has_more: false, recovered: false, reason };
    const rows = log.after(room, from.offset);
    const page = rows.slice(0, limit);
    const more = rows.length >= limit;
    const place = more ? this.placeAt(page) : log.place(stream);
    return { stream, events: page.map(envelopeOf), ...place, has_more: more, recovered: true };
  }

  private enter(stream: string, items: readonly SubscribeItem[]): Result[] {
    const { log, pageSize } = this.deps;
    const lost = new Map(items.map((item) => [item, isResumed(item) ? log.unrecovered(stream, item) : null]));
    const resumed = items.filter((item) => isResumed(item) && !lost.get(item));
    for (const { room } of items.filter(isResumed)) this.joined.delete(room);
    const limit = Math.min(pageSize, ...items.map((item) => item.limit ?? Infinity));
    const missed = this.missedBy(resumed);
    const more = missed.length >= limit;
    const page = missed.slice(0, limit);
    const place = more ? this.placeAt(page) : log.place(stream);
    const result = (item: SubscribeItem): Result => {
      const { room, offset = Infinity } = item;
      const reason = lost.get(item);
      const own = page.filter(({ envelope }) => envelope.rooms.includes(room) && envelope.offset > offset);
      const proof = reason ? { recovered: false, reason } : { recovered: true };
      const state = item.state && !more ? { state: log.values(room) } : {};
      const events = resumed.includes(item) ? own.map(envelopeOf) : [];
      return { room, status: 'success', ...{ stream, ...place, ...proof, has_more: more, events, ...state } };
    };
    const results = items.map(result);
    if (!more) for (const item of items) this.join(item, resumed.includes(item), place.offset);
    return results;
  }

  private join({ room, offset }: SubscribeItem, resumed: boolean, cursor: number): void {
    this.joined.set(room, resumed && offset !== undefined ? offset : (this.joined.get(room) ?? cursor));
  }

  /** Rows of rooms that come back, but for those that the connection has had through another room. */
  private missedBy(resumed: readonly SubscribeItem[]): FakeRow[] {
    const rows = new Set(resumed.flatMap(({ room, offset = 0 }) => this.deps.log.after(room, offset)));
    return [...rows]
      .filter(({ envelope }) => !envelope.rooms.some((room) => (this.joined.get(room) ?? Infinity) < envelope.offset))
      .sort((a, b) => a.envelope.offset - b.envelope.offset);
  }

  private placeAt(page: readonly FakeRow[]): FakePlace {
    const last = page.at(-1)?.envelope;
    return { offset: last?.offset ?? 0, epoch: this.deps.log.epoch, ...(last && { last_id: last.id }) };
  }

  private message(name: string, payload: unknown): void {
    this.deps.tell({ name, payload });
  }
}

function isResumed(item: SubscribeItem): item is SubscribeItem & { offset: number } {
  return item.offset !== undefined;
}

function envelopeOf({ envelope }: FakeRow): Envelope {
  return envelope;
}
