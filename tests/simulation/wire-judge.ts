// Judges what the server writes to one connection, frame by frame: offsets rise, no row comes twice, nothing comes that
// was not asked for or after a revocation was applied, and current values are those of the answer's offset.
import type { Envelope } from '@roomcast/protocol';
import { CONTROL_STREAM } from '../../server/src/events/log-row.js';
import { revocationOf } from '../../server/src/rooms/revocations.js';
import type { Connection, Down, Result } from './connection.js';
import type { Database } from './database.js';
import { valuesAt } from './database-reads.js';
import type { Verdict } from './verdict.js';
import { EVENT, keyOfStream, streamOf } from './topology.js';

export class WireJudge {
  private readonly asked = new Set<string>();
  /** Rooms whose end was told. */
  private readonly ended = new Set<string>();
  private readonly given = new Set<string>();
  private readonly newest = new Map<string, number>();
  private readonly epochs = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly verdict: Verdict,
    private readonly user: string,
  ) {}

  ask(rooms: readonly string[]): void {
    for (const room of rooms) this.asked.add(room);
  }

  leave(room: string): void {
    this.asked.delete(room);
  }

  written(connection: Connection, frame: Down): void {
    if (frame.type === 'event') this.event(connection, frame.envelope);
    if (frame.type === 'reset') this.restart(frame.reset.stream, frame.reset.offset);
    if (frame.type === 'revoked' && frame.reason === 'ended' && !this.ended.has(frame.room)) {
      this.verdict.bad('end not told', `${connection.name} ${frame.room}`);
    }
    if (frame.type === 'ack') this.answer(connection, frame.results);
  }

  private answer(connection: Connection, results: readonly Result[]): void {
    for (const event of eventsOf(results)) this.event(connection, event);
    for (const result of results) {
      if ('code' in result) continue;
      this.position(connection, result);
      if (!result.has_more) this.entered(connection, result);
      if (result.state) this.values(connection, result);
    }
  }

  /** An answer tells a position: all below it was told before, what is above it comes after. */
  private position(connection: Connection, { stream, epoch, recovered, offset }: Exclude<Result, { code: string }>) {
    const known = this.epochs.get(stream) ?? epoch;
    const newest = this.newest.get(stream) ?? 0;
    this.epochs.set(stream, epoch);
    if (!recovered || known !== epoch) return this.restart(stream, offset);
    if (offset < newest)
      this.verdict.bad('answer behind events', `${connection.name} ${stream} ${offset} after ${newest}`);
    this.newest.set(stream, offset);
  }

  private entered(connection: Connection, { room, epoch, offset }: Exclude<Result, { code: string }>): void {
    const before = this.database.truth(epoch, keyOfStream(streamOf(room))).slice(0, offset);
    const hasEnded = before.some((row) => row.event === EVENT.ended && row.rooms[0] === room);
    if (hasEnded && this.database.hasEnded(room))
      this.verdict.bad('entered after its end', `${connection.name} ${room} at ${offset}`);
  }

  /** The connection goes on from an offset, whatever it had before. */
  private restart(stream: string, offset: number): void {
    this.newest.set(stream, offset);
    for (const room of this.ended) if (streamOf(room) === stream) this.ended.delete(room);
  }

  private event(connection: Connection, { id, event, rooms, stream = '', offset = 0 }: Envelope): void {
    const asked = rooms.filter((room) => this.asked.has(room) && !this.ended.has(room));
    const what = `${connection.name} ${id} ${stream} ${offset} of ${rooms.join()}`;
    if (asked.length === 0) this.verdict.bad('not asked for', what);
    else if (asked.every((room) => this.isTaken(connection, room))) this.verdict.bad('after a revocation', what);
    if (this.given.has(id)) this.verdict.bad('twice on a connection', what);
    this.given.add(id);
    const newest = this.newest.get(stream) ?? 0;
    if (offset <= newest) this.verdict.bad('falling offset on a connection', `${what} after ${newest}`);
    this.newest.set(stream, offset);
    if (event === EVENT.ended) this.ended.add(rooms[0]!);
  }

  /** The node has applied a revocation, and no right was given since. */
  private isTaken(connection: Connection, room: string): boolean {
    const { database, user } = this;
    if (database.hasEnded(room) || database.mayEnter(user, room)) return false;
    // A restore may have taken a right back without a revocation; a node learns that with the new epoch.
    if (connection.node.epoch() !== database.epoch) return false;
    const concerns = (of: { user?: string; room?: string | undefined }) =>
      of.user === user && (database.mayConnect(user) ? of.room === room : of.room === undefined);
    if (database.outbox.some(concerns)) return false;
    const revocation = database.of(CONTROL_STREAM).rows.findLast((row) => concerns(revocationOf(row)));
    return revocation !== undefined && connection.node.applied >= revocation.offset;
  }

  private values(connection: Connection, { room, epoch, offset, state }: Exclude<Result, { code: string }>): void {
    const rows = this.database.truth(epoch, keyOfStream(streamOf(room))).slice(0, offset);
    const right = valuesAt(rows).flatMap((value) => (value.room === room ? [value.row.id] : []));
    const told = state?.map(({ id }) => id) ?? [];
    if (right.join() !== told.join()) {
      this.verdict.bad('wrong values', `${connection.name} ${room} at ${offset}: ${told.join()} not ${right.join()}`);
    }
  }
}

/** The events of an answer, each once, in order. */
export function eventsOf(results: readonly Result[]): Envelope[] {
  const events = results.flatMap((result) => ('code' in result ? [] : (result.events ?? [])));
  const once = new Map(events.map((event) => [event.id, event]));
  return [...once.values()].sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
}
