// Forgets what is older or more than the log keeps. Only prefixes of a stream are removed, and its `low` moves in the
// same transaction, so a client that comes back from before it is told so. Current values of keyed events stay.
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';

const EVERY_MS = 60_000;
/** Offsets that one transaction removes, so that a stream's writers never wait long. */
const STEP_ROWS = 5_000;
/** Ids of emitted events live at least this long. */
const IDEMPOTENCY_DAYS = 7;

interface Deps {
  query: <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;
  clock: Clock;
  days: number;
  eventsPerStream: number;
  failed: (error: unknown) => void;
}

export interface Retention {
  /** Removes all that is due now. */
  run(): Promise<void>;
  /** Begins to run by itself. @returns stops it; resolves when nothing is under way */
  start(): () => Promise<void>;
}

const DUE = `
select s.stream, s.low, greatest(
  s.head - $2::bigint + 1,
  (select max(e."offset") + 1 from events e
    where e.stream = s.stream and e.at < now() - make_interval(days => $1::integer))) as due
from streams s
where s.head - $2::bigint + 1 > s.low or exists (
  select 1 from events e
  where e.stream = s.stream and e."offset" = s.low and e.at < now() - make_interval(days => $1::integer))`;

// The row lock of the stream keeps readers of one statement consistent: low and rows change together.
const TRIM = `
with trimmed as (update streams set low = $2 where stream = $1 and low < $2 returning stream),
  unindexed as (delete from event_rooms r using trimmed t where r.stream = t.stream and r."offset" < $2)
delete from events e using trimmed t where e.stream = t.stream and e."offset" < $2`;

export function createRetention({ query, clock, days, eventsPerStream, failed }: Deps): Retention {
  async function run(): Promise<void> {
    for (const { stream, low, due } of await query<{ stream: string; low: number; due: number }>(DUE, [
      days,
      eventsPerStream,
    ])) {
      for (let to = low; to < due;) {
        to = Math.min(due, to + STEP_ROWS);
        await query(TRIM, [stream, to]);
      }
    }
    await query('delete from idempotency where created_at < now() - make_interval(days => $1::integer)', [
      Math.max(days, IDEMPOTENCY_DAYS),
    ]);
  }

  return { run, start: () => repeat(clock, EVERY_MS, run, failed) };
}
