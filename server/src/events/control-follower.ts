// Keeps this node's knowledge of revocations fresh: the control stream is followed from before the first connection,
// and asked for its head twice a second. A node that has not reached that head for a second holds logged events back,
// so that nothing is handed to somebody who has lost the right to it.
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';
import { CONTROL_STREAM, type ControlPosition } from './log-row.js';
import type { EventLog } from './event-log.js';
import type { Sequencers } from './sequencers.js';

const HEAD_MS = 500;
const FRESH_MS = 1_000;

export interface ControlFollower {
  /** Follows from the present head on; resolves once it does. */
  start(): Promise<void>;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
  /** The place in the control stream up to which this node has applied everything. */
  applied(): ControlPosition;
  /** Whether all revocations of a second ago are known to have been applied here. */
  fresh(): boolean;
}

interface Deps {
  log: Pick<EventLog, 'position'>;
  sequencers: Pick<Sequencers, 'pin' | 'advance'>;
  clock: Clock;
  failed: (error: unknown) => void;
}

export function createControlFollower({ log, sequencers, clock, failed }: Deps): ControlFollower {
  let reachedAt = -Infinity;
  let applied = (): ControlPosition => ({ offset: 0, epoch: '' });
  let stop = () => Promise.resolve();
  const fresh = () => clock.now() - reachedAt <= FRESH_MS;

  return {
    async start() {
      const sequencer = await sequencers.pin(CONTROL_STREAM);
      applied = () => sequencer.position;
      reachedAt = clock.now();
      const compare = async () => {
        const asked = clock.now();
        const { offset, epoch } = await log.position(CONTROL_STREAM);
        if (epoch !== sequencer.position.epoch) await sequencer.refresh();
        else await sequencer.reach(offset, epoch);
        if (sequencer.position.epoch !== epoch) return;
        const held = !fresh();
        reachedAt = asked;
        if (held) sequencers.advance();
      };
      stop = repeat(clock, HEAD_MS, compare, failed);
    },
    stop: () => stop(),
    applied: () => applied(),
    fresh,
  };
}
