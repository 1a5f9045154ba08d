// The one thing on a node that emits the logged events of a stream: each once, in offset order, without holes.
// Rows come from the own writer or as hints from other nodes, late, twice, in any order or not at all; what is missing
// is read from the log. It never knows a gateway: it is handed `deliver`.
import type { Clock } from '../ops/clock.js';
import type { EventLog, Tail } from './event-log.js';
import type { LogRow, StreamKey, StreamPosition } from './log-row.js';

/** Rows that are kept for subscribers whose page was read just before them, and rows that wait for a hole. */
const KEPT_ROWS = 256;
/** How long a hole may wait for its hint before it is read from the log. */
const HOLE_MS = 30;

/** Where rows go. Nothing of it may throw or wait. */
export interface Delivery {
  /** Takes the next row of its stream. Who gets it is decided now. */
  deliver(row: LogRow): void;
  /** Writes all that was delivered of a stream and is still gathered. */
  flush(stream: StreamKey): void;
  /** Continuity of a stream is broken: its members go on at this position and must be told. */
  reset(stream: StreamKey, position: StreamPosition, reason: ResetReason): void;
}

export type ResetReason = 'epoch_changed' | 'truncated';

interface Deps {
  stream: StreamKey;
  log: Pick<EventLog, 'position' | 'tail' | 'endEpoch'>;
  /** Resolves once rows of the stream are certain to be handed to `receive`. */
  listen: () => Promise<void>;
  delivery: Delivery;
  clock: Clock;
  /** False while it is not certain which rights were taken away: rows wait. */
  mayDeliver: () => boolean;
  failed: (error: unknown) => void;
  /** How many rows are kept at either side of the cursor (256); the others are in the log. */
  keptRows?: number;
}

export class Sequencer {
  readonly stream: StreamKey;
  /** Holders that need it alive: members and subscribes in progress. */
  pins = 0;

  private readonly deps: Deps;
  private readonly kept: number;
  private at: StreamPosition | null = null;
  private early: { row: LogRow; epoch: string }[] = [];
  private readonly pending = new Map<number, LogRow>();
  /** There were more rows than may wait: they are to be read from the log. */
  private leftOut = false;
  private ring: LogRow[] = [];
  private waiting: { offset: number; wake: () => void }[] = [];
  private filling: Promise<void> | null = null;
  private cancelHole: (() => void) | null = null;
  private ended = false;

  constructor(deps: Deps) {
    this.deps = deps;
    this.kept = deps.keptRows ?? KEPT_ROWS;
    this.stream = deps.stream;
  }

  /** Where this node is in the stream: all rows up to here were delivered. */
  get position(): StreamPosition {
    if (!this.at) throw new Error(`sequencer of ${this.stream} is not active`);
    return this.at;
  }

  /** The same, or null before it is active. */
  get known(): StreamPosition | null {
    return this.at;
  }

  /** Begins at the head of the log. Hints are awaited first, so that no row falls between the two. */
  async activate(): Promise<void> {
    await this.deps.listen();
    this.at = await this.deps.log.position(this.stream);
    for (const { row, epoch } of this.early.splice(0)) this.receive(row, epoch);
  }

  /** Takes a row that was committed, wherever it comes from. */
  receive(row: LogRow, epoch: string): void {
    if (this.ended) return;
    if (!this.at) return void this.early.push({ row, epoch });
    if (epoch !== this.at.epoch) return this.check();
    if (row.offset <= this.at.offset) return;
    if (this.pending.size < this.kept || row.offset === this.at.offset + 1) this.pending.set(row.offset, row);
    else this.leftOut = true;
    this.advance();
    if (this.incomplete) this.awaitHole();
  }

  /** Delivers what waits and fits. */
  advance(): void {
    if (!this.at) return;
    for (let row; (row = this.pending.get(this.at.offset + 1)) && this.deps.mayDeliver();) {
      this.pending.delete(row.offset);
      if (row.prev !== this.at.lastId) return this.check();
      this.emit(row);
    }
    for (const offset of this.pending.keys()) if (offset <= this.at.offset) this.pending.delete(offset);
  }

  /** Compares with the log and reads what is missing; one read is in flight at a time. */
  check(): void {
    if (!this.at || this.ended || this.filling) return;
    this.filling = this.fill().catch(this.deps.failed);
  }

  /** Compares with the log; resolves when that is done, also when the log could not be read. */
  async refresh(): Promise<void> {
    this.check();
    await this.filling;
  }

  /** Resolves when the cursor has reached an offset that the log has, or when another life of the log has begun. */
  reach(offset: number, epoch: string): Promise<void> {
    const arrived = () => this.ended || this.position.epoch !== epoch || this.position.offset >= offset;
    if (arrived()) return Promise.resolve();
    this.check();
    return new Promise((resolve) => this.waiting.push({ offset, wake: resolve }));
  }

  /** The rows in (offset, cursor], or null when they are not all remembered. */
  since(offset: number): LogRow[] | null {
    const count = this.position.offset - offset;
    if (count > this.ring.length) return null;
    return count > 0 ? this.ring.slice(-count) : [];
  }

  /** It never comes back: the next one of its stream is a new one with an empty ring. */
  end(): void {
    this.ended = true;
    this.cancelHole?.();
    this.wake(() => true);
  }

  private emit(row: LogRow): void {
    this.at = { ...this.position, offset: row.offset, lastId: row.id };
    this.ring.push(row);
    if (this.ring.length > this.kept) this.ring.shift();
    this.deps.delivery.deliver(row);
    this.wake(({ offset }) => offset <= row.offset);
  }

  private wake(which: (waiting: { offset: number }) => boolean): void {
    const woken = this.waiting.filter(which);
    this.waiting = this.waiting.filter((waiting) => !woken.includes(waiting));
    for (const { wake } of woken) wake();
  }

  private get incomplete(): boolean {
    return this.pending.size > 0 || this.leftOut;
  }

  private awaitHole(): void {
    this.cancelHole ??= this.deps.clock.after(HOLE_MS, () => {
      this.cancelHole = null;
      if (this.incomplete) this.check();
    });
  }

  private async fill(): Promise<void> {
    try {
      for (;;) {
        const from = this.position;
        this.leftOut = false;
        const promised = Math.max(from.offset, ...this.waiting.map((waiting) => waiting.offset));
        const tail = await this.deps.log.tail(this.stream, from.offset);
        if (this.ended || (await this.settle(from, promised, tail))) break;
      }
    } finally {
      this.filling = null;
    }
    if (this.incomplete) this.awaitHole();
  }

  /** @returns true when nothing of the log is missing any more */
  private async settle(from: StreamPosition, promised: number, tail: Tail): Promise<boolean> {
    if (tail.epoch === from.epoch && wasRestored(from, promised, tail)) {
      await this.deps.log.endEpoch(from.epoch);
      return false;
    }
    if (tail.epoch !== this.position.epoch) return this.reset(tail, 'epoch_changed');
    for (const row of tail.rows) {
      const { offset, lastId } = this.position;
      if (row.offset === offset + 1 && row.prev === lastId && this.deps.mayDeliver()) this.emit(row);
    }
    this.advance();
    if (tail.low > this.position.offset + 1) return this.reset(tail, 'truncated');
    const { offset } = this.position;
    return (
      !this.deps.mayDeliver() || (offset >= tail.head && this.waiting.every((waiting) => waiting.offset <= offset))
    );
  }

  private reset(tail: Tail, reason: ResetReason): boolean {
    this.deps.delivery.flush(this.stream);
    this.at = { offset: tail.head, lastId: tail.lastId, epoch: tail.epoch };
    this.ring = [];
    this.pending.clear();
    this.deps.delivery.reset(this.stream, this.at, reason);
    this.wake(() => true);
    return true;
  }
}

/** The log is behind what it has already said, or has another row at our place. */
function wasRestored(from: StreamPosition, promised: number, tail: Tail): boolean {
  if (tail.head < promised) return true;
  const idHere = tail.head === from.offset ? tail.lastId : tail.idAtCursor;
  return idHere !== null && idHere !== from.lastId;
}
