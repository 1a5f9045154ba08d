// When an attempt that has failed is followed by another: after a pause that grows.

export interface RetryOptions {
  /** All of them, the first one too; 3 unless told. */
  attempts?: number;
  /** Before the second, in milliseconds; 1,000 unless told. */
  firstMs?: number;
  /** How much longer each further pause is; 2 unless told. */
  factor?: number;
  /** The longest pause, in milliseconds; 60,000 unless told. */
  maxMs?: number;
}

export type RetryPolicy = Readonly<Required<RetryOptions>>;

/** @returns the policy, or what is wrong with it */
export function parseRetry(options: RetryOptions): RetryPolicy | string {
  const { attempts = 3, firstMs = 1_000, factor = 2, maxMs = 60_000 } = options;
  if (!Number.isInteger(attempts) || attempts < 1) return 'retry.attempts takes a whole number from 1';
  if (!(firstMs >= 0)) return 'retry.firstMs takes milliseconds';
  if (!(factor >= 1)) return 'retry.factor takes a number from 1';
  if (!(maxMs >= 0)) return 'retry.maxMs takes milliseconds';
  return { attempts, firstMs, factor, maxMs };
}

/**
 * @param failures attempts that have failed, from 1
 * @returns milliseconds until the next, or null when there is none
 */
export function pauseAfter({ attempts, firstMs, factor, maxMs }: RetryPolicy, failures: number): number | null {
  return failures >= attempts ? null : Math.min(maxMs, firstMs * factor ** (failures - 1));
}
