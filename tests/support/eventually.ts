// Waiting for a condition instead of for a time: a test is as fast as what it tests, and slow only when it fails.
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Calls `check` until it neither throws nor answers false.
 * @param check assertions, or a condition; what it answers is what `eventually` answers
 * @param options `withinMs` (10,000) is when to give up, `everyMs` (20) the pause between two calls
 * @throws when the time is up: the last error of `check`, or that it was still false
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const outcome = await attempt(check);
    if ('value' in outcome) return outcome.value;
    if (Date.now() >= deadline) throw expired(withinMs, outcome.error);
    await pause(everyMs);
  }
}

async function attempt<T>(check: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    const value = await check();
    return value === false ? { error: new Error('the condition was still false') } : { value };
  } catch (error) {
    return { error };
  }
}

function expired(withinMs: number, cause: unknown): Error {
  const last = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Not within ${String(withinMs)} ms: ${last}`, { cause });
}
