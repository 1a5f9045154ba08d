// The queue that hands runs out: pg-boss, on the platform's own connections. A run that waits has a job there, put in
// and taken out in the transactions that change the run's row, so neither is ever without the other. It says who is
// next, by priority and time; everything else about a run stands in its row.
import PgBoss from 'pg-boss';
import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';
import { query } from '../storage/query.js';
import type { RunKey } from './workflow-entity.js';

/** Of its own, so that a host application may have another version of pg-boss in the same database. */
const SCHEMA = 'roomcast_jobs';

/** Some clocks stand still between two statements, and a job is taken only after its time. */
const AT_ONCE = '-1 second';

const job = z.object({ id: z.string(), data: z.object({ tenant: z.string(), id: z.string() }) });

export interface JobQueue {
  /** Puts a job for a run into the caller's transaction, to be taken not before `delayMs` have passed. */
  put(manager: EntityManager, run: RunKey & { name: string; priority: number }, delayMs?: number): Promise<void>;
  /** Takes at most `most` jobs out, the first ones, in the caller's transaction. */
  take(manager: EntityManager, name: string, most: number): Promise<RunKey[]>;
}

/** Makes what the queue needs in the database. @param names of the workflows that have runs */
export async function openJobQueue(dataSource: DataSource, names: readonly string[]): Promise<JobQueue> {
  // It has nothing to look after: no job stays, none is active outside of a transaction, none comes by the calendar.
  const boss = new PgBoss({ db: executor(dataSource).db, schema: SCHEMA, supervise: false, schedule: false });
  await boss.start();
  for (const name of names) await boss.createQueue(name);

  return {
    async put(manager, { tenant, id, name, priority }, delayMs = 0) {
      const startAfter = delayMs > 0 ? Math.ceil(delayMs) / 1000 : AT_ONCE;
      const { db } = executor(manager);
      const put = await boss.send(name, { tenant, id }, { db, priority, startAfter });
      if (put === null) throw new Error(`the queue of the workflow "${name}" is missing in the schema ${SCHEMA}`);
    },

    async take(manager, name, most) {
      const { db, check } = executor(manager);
      const taken = z.array(job).parse(await boss.fetch(name, { batchSize: most, db }));
      check();
      if (taken.length > 0) {
        const ids = taken.map(({ id }) => id);
        await boss.deleteJob(name, ids, { db });
      }
      return taken.map(({ data }) => data);
    },
  };
}

/** Lets pg-boss run its statements. `check` throws what it has swallowed: an error of its `fetch` looks like no jobs. */
function executor(on: DataSource | EntityManager): { db: PgBoss.Db; check: () => void } {
  const failures: unknown[] = [];
  const db = {
    async executeSql(text: string, values?: unknown[]) {
      try {
        return { rows: await query(on, text, values) };
      } catch (error) {
        failures.push(error);
        throw error;
      }
    },
  };
  return {
    db,
    check() {
      if (failures.length > 0) throw failures[0];
    },
  };
}
