// The system's time, going faster: what takes a second takes a part of it.
import { systemClock, type Clock } from '../../src/ops/clock.js';

export function fastClock(times: number): Clock {
  return {
    now: () => systemClock.now() * times,
    after: (ms, run) => systemClock.after(ms / times, run),
    endOfTurn: (run) => systemClock.endOfTurn(run),
  };
}
