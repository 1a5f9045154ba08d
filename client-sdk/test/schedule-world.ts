// A client's subscriptions against the fake server's log, with everything that may happen between them in the hands of
// a test: which message arrives when, what is lost with a connection, how long an application refetches. It judges each
// room as it goes: what is handed over follows what was handed over before, and nothing of the room lies between.
import type { Envelope } from '@roomcast/protocol';
import type { Handed } from '../src/room-cursor.js';
import type { StreamPosition } from '../src/stream-position.js';
import { createSubscriptions, type Subscriptions } from '../src/subscriptions.js';
import { FakeConnection } from '../src/testing/fake-connection.js';
import { FakeLog, type FakePlace } from '../src/testing/fake-log.js';
import type { Outcome } from '../src/wire.js';

export const rooms = ['a', 'b', 'c', 'own:d'] as const;

interface Row {
  readonly epoch: string;
  readonly offset: number;
  readonly rooms: readonly string[];
}

interface View {
  /** How far the application is; null until it is told. */
  at: FakePlace | null;
  /** What it has read anew. */
  read: FakePlace | null;
}

export class World {
  readonly views = new Map<string, View>();
  /** What happened, for a failing schedule. */
  readonly story: string[] = [];
  /** The first thing that was wrong. */
  failure: Error | null = null;
  private readonly log = new FakeLog({ streamOf: (room) => (room.startsWith('own:') ? room : 'shared') });
  private readonly history = new Map<string, Row>();
  private readonly subscriptions: Subscriptions;
  private readonly denied = new Set<string>();
  private readonly refetches: { room: string; done: (floor: StreamPosition | null) => void }[] = [];
  private connection: FakeConnection | null = null;
  private up: (() => void)[] = [];
  private down: (() => void)[] = [];
  private unanswered: (() => void)[] = [];

  constructor(pageSize: number) {
    this.subscriptions = createSubscriptions({
      outside: {
        event: (envelope, handed) => handed.forEach((one) => this.judge(() => this.handed(envelope, one))),
        joined: (room, recovered) => this.joined(room, recovered),
        refused: (room) => void this.views.delete(room),
        reset: (room, reason) => this.reset(room, reason),
      },
      send: (name, payload, done) => this.send(name, { ...payload }, done),
      restart: () => this.cut(),
      timing: { minMs: 0, maxMs: 0, spreadMs: 0 },
      random: () => 0,
      pageLimit: pageSize,
    });
    this.connect();
  }

  connect(): void {
    if (this.connection) return;
    const tell = (frame: { name: string; payload: unknown }) => {
      this.down.push(() => this.subscriptions.message(frame.name, frame.payload));
    };
    const denied = (room: string) => {
      return this.denied.has(room) ? { code: 'not_found', message: 'denied', retryable: false } : null;
    };
    this.connection = new FakeConnection({ log: this.log, tell, denied, pageSize: 500 });
    this.say('connects');
    this.subscriptions.connected(false);
  }

  cut(): void {
    if (!this.connection) return;
    this.say('loses the connection');
    this.connection = null;
    this.up = this.down = [];
    this.subscriptions.disconnected();
    for (const done of this.unanswered.splice(0)) done();
  }

  emit(to: readonly string[]): void {
    const row = this.log.append('thing.happened', {}, to, null);
    const { offset, id } = row.envelope;
    this.history.set(id, { epoch: this.log.epoch, offset, rooms: to });
    this.say(`emits ${offset} to ${to.join(' ')}`);
    this.connection?.deliver(row);
  }

  want(room: string): void {
    if (this.views.has(room)) return;
    this.say(`wants ${room}`);
    this.views.set(room, { at: null, read: null });
    this.subscriptions.want(room, {});
  }

  /** Wants a room from where a snapshot of it was read. */
  wantFrom(room: string, position: FakePlace): void {
    this.say(`wants ${room} from ${position.epoch}:${position.offset}`);
    this.views.set(room, { at: position, read: null });
    this.subscriptions.want(room, { position });
  }

  /** A snapshot's position: where the room's stream is now. */
  snapshot(room: string): FakePlace {
    return this.log.place(this.log.streamOf(room));
  }

  drop(room: string): void {
    if (!this.views.delete(room)) return;
    this.say(`drops ${room}`);
    this.subscriptions.drop(room);
  }

  revoke(room: string): void {
    this.say(`${room} is taken away`);
    this.denied.add(room);
    this.connection?.revoke(room, 'access');
  }

  allow(room: string): void {
    this.denied.delete(room);
  }

  truncate(room: string): void {
    const { offset } = this.snapshot(room);
    this.say(`retention up to ${offset} in the stream of ${room}`);
    this.log.truncate(this.log.streamOf(room), offset);
  }

  restore(): void {
    this.say('the database is restored');
    for (const stream of this.log.restart()) this.connection?.reset(stream, 'epoch_changed');
  }

  serverTakes(): void {
    this.up.shift()?.();
  }

  clientTakes(): void {
    this.down.shift()?.();
  }

  /** The application has read a room anew. @param tells whether it says how far */
  refetched(tells: boolean): void {
    const next = this.refetches.shift();
    if (!next) return;
    const place = this.snapshot(next.room);
    const view = this.views.get(next.room);
    this.say(`${next.room} was refetched at ${place.offset}${tells ? ', and says so' : ''}`);
    if (view && tells) {
      view.read = place;
      view.at = laterOf(view.at, place);
    }
    next.done(tells ? place : null);
  }

  get busy(): boolean {
    return this.up.length + this.down.length + this.refetches.length > 0;
  }

  /** Rooms that are wanted, and of which something was not handed over though nothing is under way. */
  behind(): string[] {
    return [...this.views].flatMap(([room, { at }]) => {
      const missing = this.rowsBetween(room, at, Infinity);
      return at === null || at.epoch !== this.log.epoch || missing.length > 0 ? [room] : [];
    });
  }

  /** Rooms that the server believes the client to be in, or the client believes it, and not the other. */
  disagreed(): string[] {
    const joined = new Set(this.connection?.joined.keys());
    return rooms.filter((room) => joined.has(room) !== this.views.has(room));
  }

  say(text: string): void {
    this.story.push(text);
  }

  private judge(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.failure ??= error as Error;
    }
  }

  private joined(room: string, recovered: boolean): void {
    const view = this.views.get(room);
    this.say(`is in ${room}`);
    if (view && recovered) view.at ??= this.subscriptions.position(room);
  }

  private handed({ id, offset }: Envelope, { room, before }: Handed): void {
    const view = this.views.get(room);
    const row = this.history.get(id);
    this.say(`${room} is handed ${offset}`);
    if (!view?.at || !row) throw new Error(`${room} is handed ${offset}, and is not there`);
    if (row.epoch !== view.at.epoch) throw new Error(`${room} is handed an event of another life without a reset`);
    if (row.offset <= view.at.offset) throw new Error(`${room} is handed ${offset} at ${view.at.offset}`);
    const missed = this.rowsBetween(room, view.at, row.offset);
    if (missed.length > 0) throw new Error(`${room} was not handed ${missed.join(' ')} before ${offset}`);
    if (!before || this.rowsBetween(room, before, row.offset).length > 0)
      throw new Error('the position before is wrong');
    view.at = { offset: row.offset, epoch: row.epoch };
    if (this.subscriptions.position(room)?.offset !== offset) throw new Error('a position moves before its event');
  }

  private reset(room: string, reason: string): Promise<StreamPosition | null> {
    const view = this.views.get(room);
    const at = this.subscriptions.position(room);
    this.say(`${room} is reset (${reason}) at ${at?.offset}`);
    if (view) view.at = laterOf(at, view.read);
    return new Promise((done) => this.refetches.push({ room, done }));
  }

  private rowsBetween(room: string, after: FakePlace | null, before: number): number[] {
    return [...this.history.values()]
      .filter(({ epoch, offset }) => epoch === after?.epoch && offset > after.offset && offset < before)
      .filter((row) => row.rooms.includes(room))
      .map(({ offset }) => offset);
  }

  private send(name: string, payload: Record<string, never>, done: (outcome: Outcome) => void): void {
    const { connection } = this;
    if (!connection) throw new Error('nothing is sent without a connection');
    this.say(`${name} ${JSON.stringify(payload)}`);
    this.unanswered.push(() => done({ type: 'unanswered' }));
    this.up.push(() => {
      const ack = answerTo(connection, name, payload);
      this.down.push(() => done({ type: 'success', ack: { status: 'success', ...ack } }));
    });
  }
}

/** The later of two places of one life; of two lives the first. */
function laterOf(at: FakePlace | null, read: FakePlace | null): FakePlace | null {
  return at && read && at.epoch === read.epoch && read.offset > at.offset ? read : at;
}

function answerTo(connection: FakeConnection, name: string, payload: Record<string, never>): object {
  if (name === 'subscribe_many') return { results: connection.subscribe(payload.rooms!) };
  if (name === 'events.read') return connection.read(payload.room!, payload as unknown as FakePlace, payload.limit);
  connection.unsubscribe(payload.room!);
  return {};
}
