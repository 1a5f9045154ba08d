// The sequencers of this node: begun with the first holder of a stream, ended 30 s after the last, and asked
// every 2 s whether the log has gone further than they know.
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';
import type { EventLog } from './event-log.js';
import type { LogRow, StreamKey } from './log-row.js';
import { Sequencer, type Delivery } from './sequencer.js';

const IDLE_MS = 30_000;
const HEADS_MS = 2_000;

interface Deps {
  log: EventLog;
  listen: (stream: StreamKey) => Promise<void>;
  ignore: (stream: StreamKey) => void;
  delivery: Delivery;
  clock: Clock;
  /** False while it is not certain which rights were taken away: the stream's rows wait. */
  mayDeliver: (stream: StreamKey) => boolean;
  failed: (error: unknown) => void;
  /** How many rows each of them keeps at either side of its cursor (256). */
  keptRows?: number;
}

interface Entry {
  readonly sequencer: Sequencer;
  readonly active: Promise<void>;
  cancelIdle: (() => void) | null;
}

export interface Sequencers {
  /**
   * The active sequencer of a stream, kept alive until `unpin`.
   * @throws what reading the log throws; then nothing is held
   */
  pin(stream: StreamKey): Promise<Sequencer>;
  /** One more holder of a sequencer that is held already. */
  hold(sequencer: Sequencer): void;
  unpin(sequencer: Sequencer): void;
  /** Hands a committed row to its stream, if that is active here. */
  receive(row: LogRow, epoch: string): void;
  /** Reads what these streams may have missed; all active ones when left out. */
  check(streams?: readonly StreamKey[]): void;
  /** Delivers what waited for `mayDeliver`. */
  advance(): void;
  /** One comparison of all active streams with the log. */
  compareHeads(): Promise<void>;
  /** Begins to compare heads by itself. @returns stops that, and all sequencers */
  start(): () => Promise<void>;
}

export function createSequencers(deps: Deps): Sequencers {
  const entries = new Map<StreamKey, Entry>();

  function begin(stream: StreamKey): Entry {
    const bound = { listen: () => deps.listen(stream), mayDeliver: () => deps.mayDeliver(stream) };
    const sequencer = new Sequencer({ ...deps, ...bound, stream });
    const entry: Entry = { sequencer, active: sequencer.activate(), cancelIdle: null };
    entries.set(stream, entry);
    return entry;
  }

  function end(entry: Entry): void {
    const { sequencer } = entry;
    entry.cancelIdle?.();
    if (entries.get(sequencer.stream) !== entry) return;
    deps.delivery.flush(sequencer.stream);
    sequencer.end();
    entries.delete(sequencer.stream);
    deps.ignore(sequencer.stream);
  }

  async function compareHeads(): Promise<void> {
    if (entries.size === 0) return;
    const { epoch, heads } = await deps.log.heads([...entries.keys()]);
    for (const { sequencer } of entries.values()) {
      const at = sequencer.known;
      const { offset = 0, lastId = null } = heads.get(sequencer.stream) ?? {};
      // A restored log may have grown to the same length with other rows.
      if (at && (at.epoch !== epoch || at.offset !== offset || at.lastId !== lastId)) sequencer.check();
    }
  }

  return {
    async pin(stream) {
      const entry = entries.get(stream) ?? begin(stream);
      entry.cancelIdle?.();
      entry.cancelIdle = null;
      entry.sequencer.pins++;
      try {
        await entry.active;
      } catch (error) {
        entry.sequencer.pins--;
        end(entry);
        throw error;
      }
      return entry.sequencer;
    },
    hold(sequencer) {
      sequencer.pins++;
    },
    unpin(sequencer) {
      const entry = entries.get(sequencer.stream);
      if (--sequencer.pins > 0 || entry?.sequencer !== sequencer) return;
      entry.cancelIdle = deps.clock.after(IDLE_MS, () => end(entry));
    },
    receive(row, epoch) {
      entries.get(row.stream)?.sequencer.receive(row, epoch);
    },
    check(streams = [...entries.keys()]) {
      for (const stream of streams) entries.get(stream)?.sequencer.check();
    },
    advance() {
      for (const { sequencer } of entries.values()) {
        sequencer.advance();
        sequencer.check();
      }
    },
    compareHeads,
    start() {
      const stop = repeat(deps.clock, HEADS_MS, compareHeads, deps.failed);
      return async () => {
        await stop();
        for (const entry of entries.values()) end(entry);
      };
    },
  };
}
