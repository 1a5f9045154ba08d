// Time as a dependency, so that what waits can be run under a simulated scheduler.

export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds. @returns cancels it */
  after(ms: number, run: () => void): () => void;
  /** Calls `run` when this turn of the event loop has handled its input. */
  endOfTurn(run: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  endOfTurn: (run) => void setImmediate(run),
};

/**
 * Calls `run` every `ms` milliseconds, the next time counted from when the last one has finished.
 * @param failed told of every error; the repetition goes on
 * @returns stops it; resolves when `run` is not under way any more
 */
export function repeat(
  clock: Clock,
  ms: number,
  run: () => Promise<void>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let cancel = () => {};
  let current = Promise.resolve();
  const next = () => {
    if (stopped) return;
    cancel = clock.after(ms, () => {
      current = run().catch(failed).then(next);
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
    return current;
  };
}
