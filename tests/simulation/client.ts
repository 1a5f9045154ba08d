// A client of the simulated world: connects to some node, keeps a position for each stream, comes back when its
// connection ends. How it subscribes and what it does with positions differs between a plain client and the SDK.
import type { Envelope, SubscribeItem } from '@roomcast/protocol';
import type { LogRow } from '../../server/src/events/log-row.js';
import type { Connection, Down, Result, Up } from './connection.js';
import type { Database } from './database.js';
import type { Random } from './random.js';
import { RoomView, type Position } from './room-view.js';
import type { Scheduler } from './scheduler.js';
import { keyOfStream, streamOf, type StreamOfRooms } from './topology.js';
import type { Verdict } from './verdict.js';
import { eventsOf } from './wire-judge.js';

export interface ClientDeps {
  scheduler: Scheduler;
  random: Random;
  database: Database;
  verdict: Verdict;
  streams: readonly StreamOfRooms[];
  connect: (client: Client) => Connection;
  keepsLastId: boolean;
  /** Most events of a page. */
  limit: number;
}

export type Answered = Exclude<Result, { code: string }>;

export abstract class Client {
  readonly views: ReadonlyMap<string, RoomView>;
  readonly positions = new Map<string, Position>();
  connection!: Connection;
  /** Connections so far. */
  count = 0;
  /** Streams whose break it must be told of. */
  readonly mustHear = new Set<string>();
  /** It was told not to come back. */
  isExpelled = false;

  protected requests = 0;
  /** The application has begun to subscribe on this connection. */
  protected resumed = false;

  constructor(
    protected readonly deps: ClientDeps,
    readonly name: string,
    readonly user: string,
  ) {
    const rooms = deps.streams.flatMap((stream) => stream.rooms);
    this.views = new Map(rooms.map((room) => [room, new RoomView()]));
  }

  /** Subscribes, on a new connection, to all that is wanted. */
  protected abstract resume(): void;
  /** Subscribes to a room that is wanted from now on. */
  protected abstract enter(room: string): void;
  protected abstract event(row: LogRow): void;
  /** What follows from an answer beyond what all clients make of it. */
  protected abstract answered(stream: string, position: Position, broken: boolean): void;
  protected readonly mode: 'emit' | 'ack' = 'emit';

  connect(): void {
    if (this.isExpelled) return;
    if (this.count > 0) this.connection.abandon();
    this.count++;
    for (const view of this.views.values()) view.disconnect();
    this.resumed = false;
    const connection = this.deps.connect(this);
    this.connection = connection;
    this.deps.scheduler.add(connection, () => {
      this.resume();
      this.resumed = true;
    });
  }

  want(room: string): void {
    const view = this.view(room);
    if (view.wanted) return;
    view.want();
    this.say(() => `wants ${room}`);
    if (this.resumed) this.enter(room);
  }

  /** Asks once more for a room that it is in. */
  repeat(room: string): void {
    if (this.resumed && this.view(room).joined) this.subscribe([{ room, position: undefined }], true);
  }

  /** The log has lost rows that it has had. */
  restored(): void {
    for (const [stream, { offset }] of this.positions) {
      const isLost = offset > this.deps.database.of(keyOfStream(stream)).rows.length;
      const goesOn = [...this.views].some(([room, view]) => streamOf(room) === stream && view.span);
      if (isLost && goesOn) this.mustHear.add(stream);
    }
  }

  /** Comes back after it was thrown out. */
  returns(): void {
    if (!this.isExpelled) return;
    this.isExpelled = false;
    this.connect();
  }

  drop(room: string): void {
    if (!this.view(room).wanted || !this.resumed) return;
    this.say(() => `unsubscribes ${room}`);
    this.view(room).leave(this.positions.get(streamOf(room)), false);
    this.send({ type: 'unsubscribe', room });
  }

  view(room: string): RoomView {
    return this.views.get(room)!;
  }

  /** Rooms of a stream that the application wants. */
  wanted(stream: string): string[] {
    return [...this.views].flatMap(([room, view]) => (view.wanted && streamOf(room) === stream ? [room] : []));
  }

  arrived(frame: Down): void {
    if (frame.type === 'event') return this.event(this.rowOf(frame.envelope));
    if (frame.type === 'ping') return this.send({ type: 'pong' });
    if (frame.type === 'ack') return this.acknowledged(frame.results, frame.request);
    if (frame.type === 'revoked') return this.taken(frame.room);
    if (frame.type === 'closed') return frame.kicked ? this.expelled() : this.connect();
    const { stream, offset, epoch, last_id } = frame.reset;
    this.broken(stream, { offset, epoch, last_id });
  }

  protected send(frame: Up): void {
    this.connection.up.push(frame);
  }

  /** @param rooms with the position to go on from, if any */
  protected subscribe(rooms: readonly { room: string; position: Position | undefined }[], single: boolean): void {
    const { random, limit, keepsLastId } = this.deps;
    const request = ++this.requests;
    const items = rooms.map(({ room, position }): SubscribeItem => {
      this.view(room).ask(request, position);
      const { offset, epoch, last_id } = position ?? {};
      const proof = keepsLastId ? { last_id } : {};
      return { room, offset, epoch, ...proof, limit, replay: this.mode, state: random.chance(0.3) };
    });
    this.say(() => `subscribes ${items.map(({ room, offset }) => `${room}:${offset ?? ''}`).join(' ')}`);
    this.send({ type: 'subscribe', request, items, single });
  }

  /** @param position up to which the room was had */
  protected taken(room: string, position = this.positions.get(streamOf(room))): void {
    this.views.get(room)?.leave(position, true);
  }

  protected say(text: () => string): void {
    this.deps.verdict.say(() => `${this.count > 0 ? this.connection.name : this.name} ${text()}`);
  }

  private expelled(): void {
    this.isExpelled = true;
    this.resumed = false;
    this.connection.abandon();
    this.say(() => 'is thrown out');
  }

  private broken(stream: string, position: Position): void {
    this.mustHear.delete(stream);
    for (const [room, view] of this.views) {
      if (streamOf(room) === stream) view.restart(this.positions.get(stream), position);
    }
    this.positions.set(stream, position);
  }

  private acknowledged(results: readonly Result[], request: number): void {
    for (const result of results) if ('code' in result) this.refused(result.room, result.code, request);
    const successes = results.filter((result): result is Answered => !('code' in result));
    for (const stream of new Set(successes.map((result) => result.stream))) {
      const own = successes.filter((result) => result.stream === stream);
      this.streamAcknowledged(stream, own, request);
    }
    if (results.some((result) => 'code' in result && result.code === 'unavailable')) this.connect();
  }

  private streamAcknowledged(stream: string, results: readonly Answered[], request: number): void {
    const [{ offset, epoch, last_id }] = results as [Answered];
    const position = { offset, epoch, last_id };
    const broken = results.some((result) => !result.recovered);
    if (broken) this.deps.verdict.happened('told of a break');
    if (broken) this.broken(stream, position);
    // Another epoch than the one that it holds says so too.
    if (this.positions.get(stream)?.epoch !== epoch) this.mustHear.delete(stream);
    for (const result of results) {
      const view = this.view(result.room);
      if (!view.wanted || view.request !== request) continue;
      view.waiting = false;
      if (!result.has_more) view.joined = true;
      if (!result.has_more || view.given) view.confirm(position);
    }
    for (const envelope of eventsOf(results)) this.event(this.rowOf(envelope));
    this.answered(stream, position, broken);
  }

  private refused(room: string, code: string, request: number): void {
    const view = this.view(room);
    if (code !== 'unavailable' && view.wanted && view.request === request) this.taken(room, view.given);
  }

  private rowOf(envelope: Envelope): LogRow {
    return this.deps.database.everyRow.get(envelope.id)!;
  }
}
