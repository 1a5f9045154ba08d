// Time that a test moves itself.
import type { Clock } from '../../src/ops/clock.js';

export interface ManualClock extends Clock {
  /** Goes on by so many milliseconds; what is due meanwhile runs at its time. */
  pass(ms: number): void;
  /** Timers that are still to run. */
  readonly waiting: number;
}

/** @param now milliseconds at which it begins */
export function createManualClock(now = 0): ManualClock {
  const timers = new Set<{ due: number; run: () => void }>();

  function nextUntil(end: number) {
    const [next] = [...timers].filter(({ due }) => due <= end).sort((one, other) => one.due - other.due);
    return next;
  }

  return {
    now: () => now,
    after(ms, run) {
      const timer = { due: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    endOfTurn: (run) => void setImmediate(run),
    pass(ms) {
      const end = now + ms;
      for (let timer; (timer = nextUntil(end));) {
        timers.delete(timer);
        now = timer.due;
        timer.run();
      }
      now = end;
    },
    get waiting() {
      return timers.size;
    },
  };
}
