/**
 * What PostgreSQL's background processes do and the embedded database, a single process, does not have: dead rows are
 * given back (an outbox is nothing but inserts and deletes), statistics stay true, and the write-ahead log is cut, which
 * also keeps the recovery after a crash short. All through the one connection, between other work, a table at a time.
 */
import type { Query } from '../query.js';
import type { StorageLogger } from '../storage-logger.js';

export interface Housekeeping {
  /** One round now; what fails is logged and tried again in the next. */
  round(): Promise<void>;
  /** No further rounds; resolves when none is under way. */
  stop(): Promise<void>;
}

export interface HousekeepingDeps {
  readonly query: Query;
  readonly logger: StorageLogger;
  /** Time from one round to the next, in milliseconds. */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;
// A clean start after this much log takes about a tenth of a second.
const CHECKPOINT_AFTER_BYTES = 16 * 1024 * 1024;

// The conditions and numbers of autovacuum's defaults:
// https://www.postgresql.org/docs/18/routine-vacuuming.html#AUTOVACUUM
const UNTIDY = `
  select quote_ident(s.schemaname) || '.' || quote_ident(s.relname) as name
  from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
    or s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
    or s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)`;

const WRITTEN = `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as bytes`;

/** Starts the rounds. */
export function startHousekeeping({ query, logger, everyMs = EVERY_MS }: HousekeepingDeps): Housekeeping {
  let checkpointAt = 0;
  let underWay = Promise.resolve();

  async function tidy(): Promise<void> {
    for (const { name } of await query<{ name: string }>(UNTIDY)) await query(`vacuum (analyze) ${name}`);
    const [written] = await query<{ bytes: number }>(WRITTEN);
    if (written === undefined || written.bytes - checkpointAt < CHECKPOINT_AFTER_BYTES) return;
    await query('checkpoint');
    checkpointAt = written.bytes;
  }

  function round(): Promise<void> {
    underWay = underWay.then(tidy).catch((err: unknown) => {
      logger.warn({ err }, 'the embedded database could not be tidied up');
    });
    return underWay;
  }

  const timer = setInterval(() => void round(), everyMs);
  timer.unref();
  return {
    round,
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}
