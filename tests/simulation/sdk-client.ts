// A client that subscribes as the SDK does: pages in answers, one subscribe in flight for a stream, rooms wanted
// meanwhile go with the next one. What lies at or below the stream's position is dropped, what a room has not been
// answered for is not handed to it, and the position is forgotten with the last room that goes on from it.
import { wireStream, type LogRow } from '../../server/src/events/log-row.js';
import { Client } from './client.js';
import type { Position } from './room-view.js';
import { streamOf } from './topology.js';

export class SdkClient extends Client {
  protected override readonly mode = 'ack';

  private readonly inFlight = new Set<string>();

  protected resume(): void {
    const { streams, random } = this.deps;
    this.inFlight.clear();
    const names = streams.map(({ stream }) => stream);
    if (random.chance(0.5)) this.ask(names);
    else for (const name of names) this.ask([name]);
  }

  protected enter(room: string): void {
    this.ask([streamOf(room)]);
  }

  override repeat(): void {}

  override drop(room: string): void {
    if (!this.view(room).joined) return;
    super.drop(room);
    this.forget(streamOf(room));
  }

  protected override taken(room: string, position?: Position): void {
    super.taken(room, position);
    const stream = streamOf(room);
    this.forget(stream);
    if (!this.wanted(stream).some((other) => this.view(other).waiting)) this.inFlight.delete(stream);
    this.ask([stream]);
  }

  protected event(row: LogRow): void {
    const stream = wireStream(row.stream);
    const held = this.positions.get(stream);
    if (held && row.offset <= held.offset) return;
    for (const room of row.rooms) if (this.view(room).span) this.view(room).seen.push(row);
    if (held) this.positions.set(stream, { offset: row.offset, epoch: held.epoch, last_id: row.id });
  }

  protected answered(stream: string, position: Position, broken: boolean): void {
    const held = this.positions.get(stream);
    const isNewer = !held || held.epoch !== position.epoch || position.offset >= held.offset;
    if (broken || isNewer) this.positions.set(stream, position);
    this.inFlight.delete(stream);
    this.ask([stream]);
  }

  private forget(stream: string): void {
    const continued = [...this.views].some(([room, view]) => streamOf(room) === stream && view.span);
    if (!continued) this.positions.delete(stream);
  }

  private ask(streams: readonly string[]): void {
    const rooms = streams
      .filter((stream) => !this.inFlight.has(stream))
      .flatMap((stream) => this.wanted(stream))
      .filter((room) => !this.view(room).joined && !this.view(room).waiting);
    if (rooms.length === 0) return;
    for (const room of rooms) this.inFlight.add(streamOf(room));
    const positionFor = (room: string) => (this.view(room).span ? this.positions.get(streamOf(room)) : undefined);
    this.subscribe(
      rooms.map((room) => ({ room, position: positionFor(room) })),
      false,
    );
  }
}
