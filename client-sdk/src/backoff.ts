// How long to wait before trying again: twice as long each time up to a limit, spread by half around it, so that the
// clients of a node that died do not all come at once.

export interface RetryTiming {
  /** Around the first pause, in milliseconds. */
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * @param attempt counts from 1
 * @param random answers from 0 to 1
 * @returns milliseconds
 */
export function retryDelay(attempt: number, { minMs, maxMs }: RetryTiming, random: () => number): number {
  const mean = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(mean * (0.5 + random()));
}
