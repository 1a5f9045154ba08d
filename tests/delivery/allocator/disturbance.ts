// Ends database connections at random moments: on PostgreSQL one backend at a time, in the embedded database the whole
// thread. The next moment is counted in events, not in time, so that a slow machine gets on as well.
import pg from 'pg';
import type { Random } from '../../simulation/random.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import type { Ledger } from './ledger.js';
import type { LogNode } from './log-node.js';

const END_ONE = `
select pg_terminate_backend(pid) from (
  select pid from pg_stat_activity where datname = current_database() and application_name = 'roomcast'
  order by random() limit 1) one`;

interface Deps {
  database: TestDatabase;
  node: LogNode;
  ledger: Ledger;
  random: Random;
}

/** Disturbs until told to stop. @returns how many times it did */
export async function disturb({ database, node, ledger, random }: Deps, signal: AbortSignal): Promise<number> {
  const { crash } = node.storage;
  if (crash) return repeat(crash, { ledger, events: () => 50 + random.below(100) }, signal);
  const admin = new pg.Client({ connectionString: database.databaseUrl });
  await admin.connect();
  try {
    return await repeat(() => admin.query(END_ONE), { ledger, events: () => 1 + random.below(30) }, signal);
  } finally {
    await admin.end();
  }
}

async function repeat(
  act: () => Promise<unknown>,
  { ledger, events }: { ledger: Ledger; events: () => number },
  signal: AbortSignal,
): Promise<number> {
  for (let times = 0; ; times++) {
    const next = ledger.acknowledged + events();
    await eventually(() => ledger.acknowledged >= next || signal.aborted, { withinMs: 120_000, everyMs: 3 });
    if (signal.aborted) return times;
    await act();
  }
}
