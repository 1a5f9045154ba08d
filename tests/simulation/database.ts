// The database of the simulated world: what the log's statements answer, each true of one moment. A read is sent, sees
// its snapshot at some later time, and is answered later still. It can be restored to an earlier moment.
import type { Ended, LogRow, StreamKey } from '../../server/src/events/log-row.js';
import { CONTROL_STREAM } from '../../server/src/events/log-row.js';
import { keyOfStream, TENANT } from './topology.js';

interface Stream {
  /** All rows that ever were, retention or not. */
  readonly rows: LogRow[];
  /** The smallest offset that retention has left. */
  low: number;
}

export interface NewEvent {
  readonly id?: string;
  readonly event: string;
  readonly rooms: readonly string[];
  readonly data?: object;
  readonly key?: string | null;
  readonly ends?: readonly Ended[] | null;
}

interface Revocation {
  readonly id: string;
  readonly user: string;
  /** Undefined: every connection of the user. */
  readonly room: string | undefined;
}

const AT = '2026-01-01T00:00:00.000Z';

export class Database {
  epoch = 'e1';
  /** Revocations that are committed but not numbered yet. */
  get outbox(): Revocation[] {
    return [...this.waiting.values()];
  }
  /** Rows of all lives of the log. */
  readonly everyRow = new Map<string, LogRow>();

  /** By place in the outbox: which is taken when the row is inserted, not when its transaction commits. */
  private readonly waiting = new Map<number, Revocation>();
  private inserted = 0;
  private readonly streams = new Map<StreamKey, Stream>();
  private readonly denied = new Set<string>();
  private readonly ended = new Set<string>();
  private readonly former = new Map<string, Map<StreamKey, readonly LogRow[]>>();
  private readonly commits: { serial: number; undo: () => void }[] = [];
  private serial = 0;
  private epochs = 1;

  of(stream: StreamKey): Stream {
    const known = this.streams.get(stream);
    if (known) return known;
    const made = { rows: [], low: 1 };
    this.streams.set(stream, made);
    return made;
  }

  /** What a stream was in a life of the log. */
  truth(epoch: string, stream: StreamKey): readonly LogRow[] {
    return epoch === this.epoch ? this.of(stream).rows : (this.former.get(epoch)?.get(stream) ?? []);
  }

  /** Number of the newest commit. */
  get newest(): number {
    return this.serial;
  }

  append(stream: StreamKey, { id: given, event, rooms, data = {}, key = null, ends = null }: NewEvent): LogRow {
    const log = this.of(stream).rows;
    const n = this.commit(() => void log.pop());
    const id = given ?? `r${n}`;
    const prev = log.at(-1)?.id ?? null;
    const json = JSON.stringify({ n, ...data });
    const row = { stream, offset: log.length + 1, id, prev, event, version: 1, rooms, data: json, key, ends, at: AT };
    log.push(row);
    this.everyRow.set(id, row);
    return row;
  }

  /** A transaction takes a right away and leaves a revocation to be numbered. @returns commits it */
  revoke(user: string, room?: string): () => void {
    const pair = pairOf(user, room);
    const place = ++this.inserted;
    const revocation = { id: `c${place}`, user, room };
    return () => {
      if (this.denied.has(pair)) return;
      this.denied.add(pair);
      this.waiting.set(place, revocation);
      this.commit(() => {
        this.denied.delete(pair);
        this.waiting.delete(place);
      });
    };
  }

  grant(user: string, room?: string): void {
    const pair = pairOf(user, room);
    if (this.denied.delete(pair)) this.commit(() => void this.denied.add(pair));
  }

  /** The right to a room ends for all. */
  end(room: string): void {
    this.ended.add(room);
    this.commit(() => void this.ended.delete(room));
  }

  hasEnded(room: string): boolean {
    return this.ended.has(room);
  }

  mayEnter(user: string, room: string): boolean {
    return this.mayConnect(user) && !this.ended.has(room) && !this.denied.has(pairOf(user, room));
  }

  /** Who has no right to what; without a room: to nothing at all. */
  get denials(): { user: string; room: string | undefined }[] {
    return [...this.denied].map((pair) => {
      const [user = '', room] = pair.split(' ');
      return { user, room: room || undefined };
    });
  }

  mayConnect(user: string): boolean {
    return !this.denied.has(pairOf(user));
  }

  /** Numbers the revocations that wait. */
  numberRevocations(): LogRow[] {
    const waiting = [...this.waiting].sort(([a], [b]) => a - b);
    return waiting.map(([place, { id, user, room }]) => {
      const data = { tenant: TENANT, user, room, reason: 'removed' };
      const row = this.append(CONTROL_STREAM, { id, event: 'control.revoked', rooms: [], data });
      this.waiting.delete(place);
      this.commit(() => void this.waiting.set(place, { id, user, room }));
      return row;
    });
  }

  /** Retention: forgets all but the newest rows of a stream. */
  trim(wireStream: string, keep: number): void {
    const stream = this.of(keyOfStream(wireStream));
    const before = stream.low;
    stream.low = Math.max(before, stream.rows.length + 1 - keep);
    this.commit(() => (stream.low = before));
  }

  /** Begins a new life of the log. */
  beginEpoch(): void {
    const before = this.epoch;
    this.remember();
    this.epoch = `e${++this.epochs}`;
    this.commit(() => (this.epoch = before));
  }

  /** Everything is again as it was when `serial` was the newest commit. */
  restore(serial: number): void {
    this.remember();
    for (let last; (last = this.commits.at(-1)) && last.serial > serial; this.commits.pop()) last.undo();
  }

  private remember(): void {
    // An epoch that a restore brought back is not that life any more.
    if (this.former.has(this.epoch)) return;
    const copies = [...this.streams].map(([key, { rows }]): [StreamKey, readonly LogRow[]] => [key, [...rows]]);
    this.former.set(this.epoch, new Map(copies));
  }

  private commit(undo: () => void): number {
    this.commits.push({ serial: ++this.serial, undo });
    return this.serial;
  }
}

function pairOf(user: string, room = ''): string {
  return `${user} ${room}`;
}
