// Writes how far attempts are, many of them in one transaction with the events that tell it.
import type { Logger } from 'pino';
import type { DataSource, EntityManager } from 'typeorm';
import { inTransaction, StorageUnavailable } from '../storage/transaction.js';
import type { Attempt } from './attempt.js';
import { attemptName, report } from './attempt-store.js';
import type { RunEvents } from './run-events.js';
import type { Snapshot } from './run-progress.js';
import type { Run } from './workflow-store.js';

interface Deps {
  dataSource: DataSource;
  events: RunEvents;
  logger: Pick<Logger, 'error'>;
  now(): number;
}

const AGAIN_MS = 1_000;

/** Never throws. @returns milliseconds after which it is to be tried again, where it could not be done */
export async function tellProgress(
  { dataSource, events, logger, now }: Deps,
  attempts: readonly Attempt[],
): Promise<number | undefined> {
  const taken = attempts.map((attempt): [Attempt, Snapshot] => [attempt, attempt.progress.take(now())]);
  try {
    const told = await inTransaction(dataSource, (manager) => tellAll(events, manager, taken));
    for (const [attempt, snapshot] of taken) {
      const run = told.get(attempt);
      if (!run) attempt.supersede('Another attempt has begun.');
      for (const { resolve, reject } of snapshot.waiting) {
        if (run) resolve({ run, snapshot });
        else reject(attempt.signal.reason);
      }
    }
    return undefined;
  } catch (err) {
    for (const [attempt, snapshot] of taken) {
      for (const { reject } of snapshot.waiting) reject(err);
      attempt.progress.putBack({ ...snapshot, waiting: [] });
      attempt.changed();
    }
    if (!(err instanceof StorageUnavailable)) logger.error({ err }, 'the progress of workflows could not be told');
    return AGAIN_MS;
  }
}

async function tellAll(
  events: RunEvents,
  manager: EntityManager,
  taken: readonly [Attempt, Snapshot][],
): Promise<Map<Attempt, Run>> {
  const reports = taken.map(([{ key }, snapshot]) => ({ key, ...snapshot }));
  const runs = new Map((await report(manager, reports)).map((run) => [attemptName(run), run]));
  const told = new Map<Attempt, Run>();
  for (const [attempt, snapshot] of taken) {
    const run = runs.get(attemptName(attempt.key));
    if (!run) continue;
    await events.progress(manager, run, snapshot);
    told.set(attempt, run);
  }
  return told;
}
