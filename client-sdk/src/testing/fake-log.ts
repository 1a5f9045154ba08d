// The log of the fake server: streams with dense offsets, in memory. It can be cut short or begun anew, as retention
// and a restored database do it.
import type { Envelope } from '@roomcast/protocol';

export interface FakeRow {
  readonly envelope: Envelope & { readonly stream: string; readonly offset: number };
  /** Of a state event: whose value this is. */
  readonly key: string | null;
}

export interface FakePlace {
  offset: number;
  epoch: string;
  last_id?: string;
}

interface FakeStream {
  rows: FakeRow[];
  /** The offset of the first row that is still there. */
  low: number;
}

/** What is claimed by a client that comes back. */
export interface FakeClaim {
  readonly offset: number;
  readonly epoch?: string | undefined;
  readonly last_id?: string | undefined;
}

export interface FakeLogOptions {
  /** The stream of a room: rooms of sessions, conversations and users are streams of their own. */
  readonly streamOf?: (room: string) => string;
}

const OWN_STREAM = /^(session|conversation|user):/;

export class FakeLog {
  epoch = 'epoch-1';
  private readonly streams = new Map<string, FakeStream>();
  private ids = 0;
  private epochs = 1;

  constructor(private readonly options: FakeLogOptions = {}) {}

  streamOf(room: string): string {
    if (this.options.streamOf) return this.options.streamOf(room);
    return OWN_STREAM.test(room) ? room : 'tenant';
  }

  newId(): string {
    return `event-${++this.ids}`;
  }

  /** @throws TypeError when the rooms are of several streams, or there is none */
  append(event: string, data: Record<string, unknown>, rooms: readonly string[], key: string | null): FakeRow {
    const [name, ...others] = new Set(rooms.map((room) => this.streamOf(room)));
    if (name === undefined || others.length > 0) throw new TypeError('an event goes to rooms of one stream');
    const stream = this.stream(name);
    const offset = this.head(name) + 1;
    const timestamp = new Date().toISOString();
    const envelope = { id: this.newId(), event, version: 1, rooms: [...rooms], stream: name, offset, data, timestamp };
    const row = { envelope, key };
    stream.rows.push(row);
    return row;
  }

  place(name: string): FakePlace {
    const last = this.stream(name).rows.at(-1);
    const at = { offset: this.head(name), epoch: this.epoch };
    return last ? { ...at, last_id: last.envelope.id } : at;
  }

  /** Rows of a room after an offset, in order. */
  after(room: string, offset: number): FakeRow[] {
    const { rows } = this.stream(this.streamOf(room));
    return rows.filter(({ envelope }) => envelope.offset > offset && envelope.rooms.includes(room));
  }

  /** The newest value of each key in a room, in order. */
  values(room: string): Envelope[] {
    const newest = new Map<string, FakeRow>();
    for (const row of this.after(room, 0)) {
      const name = `${row.envelope.event} ${row.key}`;
      newest.delete(name);
      if (row.key !== null) newest.set(name, row);
    }
    return [...newest.values()].map(({ envelope }) => envelope);
  }

  /** Why continuity from a place cannot be proven; null when it can. */
  unrecovered(name: string, claim: FakeClaim): 'epoch_changed' | 'future_offset' | 'truncated' | null {
    const { low, rows } = this.stream(name);
    if (claim.epoch !== undefined && claim.epoch !== this.epoch) return 'epoch_changed';
    if (claim.offset > this.head(name)) return 'future_offset';
    if (claim.offset < low - 1) return 'truncated';
    const there = rows.find(({ envelope }) => envelope.offset === claim.offset);
    const other = claim.last_id !== undefined && there !== undefined && there.envelope.id !== claim.last_id;
    return other ? 'epoch_changed' : null;
  }

  /** Retention: rows up to this offset are gone. */
  truncate(name: string, offset: number): void {
    const stream = this.stream(name);
    stream.rows = stream.rows.filter(({ envelope }) => envelope.offset > offset);
    stream.low = Math.max(stream.low, offset + 1);
  }

  /** Another life of the log begins: everything is gone. @returns the streams that there were */
  restart(): string[] {
    const names = [...this.streams.keys()];
    this.streams.clear();
    this.epoch = `epoch-${++this.epochs}`;
    return names;
  }

  private head(name: string): number {
    const { rows, low } = this.stream(name);
    return rows.at(-1)?.envelope.offset ?? low - 1;
  }

  private stream(name: string): FakeStream {
    const known = this.streams.get(name) ?? { rows: [], low: 1 };
    this.streams.set(name, known);
    return known;
  }
}
