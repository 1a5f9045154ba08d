// Something done at once, and again and again.
import { repeat, type Clock } from './clock.js';

/**
 * @param everyMs from the end of one time to the next, in milliseconds
 * @param failed told of every error; the routine goes on
 * @returns ends it; resolves when it is not being done any more
 */
export function startRoutine(
  clock: Clock,
  everyMs: number,
  run: () => Promise<void>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  const first = run().catch(failed);
  const stop = repeat(clock, everyMs, run, failed);
  return async () => {
    await Promise.all([first, stop()]);
  };
}
