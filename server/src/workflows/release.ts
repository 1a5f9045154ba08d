// Taking a run away from a node that does not end it: the node has died, or lets go because it ends itself. The run waits
// again for whoever is next, or has ended where it was told to stop.
import type { EntityManager } from 'typeorm';
import * as store from './attempt-store.js';
import type { JobQueue } from './job-queue.js';
import type { RunEvents } from './run-events.js';
import type { Run } from './workflow-store.js';

/** Nodes that may die over one run before it is given up: it may be what kills them. */
const MOST_LOSSES = 10;

const LOST = JSON.stringify({ code: 'lost', message: `The node died in each of ${String(MOST_LOSSES)} attempts.` });

interface Deps {
  queue: JobQueue;
  events: RunEvents;
}

/**
 * @param cause whether the node `died`, which counts against the run, or `left`
 * @returns the run as it is now; null when the attempt was over already
 */
export async function releaseRun(
  { queue, events }: Deps,
  manager: EntityManager,
  key: store.AttemptKey,
  cause: 'died' | 'left',
): Promise<Run | null> {
  // A process that was stopped in mid-transaction must not hold up what others have left: it is looked at again later.
  if (cause === 'died' && !(await store.lockIfFree(manager, key))) return null;
  const run = await store.releaseAttempt(manager, key, cause === 'died' ? { most: MOST_LOSSES, error: LOST } : null);
  if (!run) return null;
  if (run.status === 'queued') {
    await queue.put(manager, run);
    const why = cause === 'died' ? 'The node has died.' : 'The node has ended.';
    await events.progress(manager, run, { logs: [`${why} The run goes on with the next attempt.`] });
  } else {
    await store.forgetSteps(manager, key);
    await events.ended(manager, run);
  }
  return run;
}
