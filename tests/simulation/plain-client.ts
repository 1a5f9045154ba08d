// A client that knows no more than the documentation's few lines: it keeps the newest position of each stream, from
// events and from answers, and on connect passes it for every room of the stream, in a loop or in one `subscribe_many`.
import type { LogRow } from '../../server/src/events/log-row.js';
import { Client, type ClientDeps } from './client.js';
import type { Position } from './room-view.js';
import { streamOf } from './topology.js';
import { wireStream } from '../../server/src/events/log-row.js';

export type Style = 'loop' | 'many';

export class PlainClient extends Client {
  constructor(
    deps: ClientDeps,
    name: string,
    user: string,
    private readonly style: Style,
  ) {
    super(deps, name, user);
  }

  protected resume(): void {
    const { random, streams } = this.deps;
    const rooms = random.shuffled(streams.flatMap(({ stream }) => this.wanted(stream)));
    if (rooms.length === 0) return;
    if (this.style === 'loop') {
      for (const room of rooms) this.subscribe([{ room, position: this.positionFor(room) }], true);
      return;
    }
    // One for all, or one for each stream.
    const sets = random.chance(0.5) ? [rooms] : streams.map(({ stream }) => this.wanted(stream));
    for (const set of sets) {
      if (set.length === 0) continue;
      this.subscribe(
        set.map((room) => ({ room, position: this.positions.get(streamOf(room)) })),
        false,
      );
    }
  }

  /** Some loops pass a position only for rooms that they were in before. */
  private positionFor(room: string): Position | undefined {
    const isNew = !this.view(room).isConfirmed;
    return isNew && this.deps.random.chance(0.5) ? undefined : this.positions.get(streamOf(room));
  }

  protected enter(room: string): void {
    this.subscribe([{ room, position: undefined }], true);
  }

  protected event(row: LogRow): void {
    const stream = wireStream(row.stream);
    for (const room of row.rooms) this.view(room).seen.push(row);
    this.positions.set(stream, { offset: row.offset, epoch: this.positions.get(stream)?.epoch, last_id: row.id });
  }

  protected answered(stream: string, position: Position): void {
    this.positions.set(stream, position);
  }
}
