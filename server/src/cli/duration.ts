// Durations as people write them: `90s`, `15m`, `12h`, `30d`.
import { UsageError } from './command.js';

const SECONDS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
]);

/** @returns seconds @throws UsageError for anything else, and for more than 100 years */
export function secondsOf(duration: string): number {
  const [, count, unit] = /^(\d{1,10})([smhd])$/.exec(duration) ?? [];
  const seconds = Number(count) * (SECONDS.get(unit ?? '') ?? NaN);
  if (!(seconds > 0 && seconds <= 36_500 * 86_400)) {
    throw new UsageError(`"${duration}" is no duration; it takes a number with s, m, h or d, such as 12h`);
  }
  return seconds;
}
