// Tells how far runs are, each at most some times a second, and the newest last: a report that comes too early waits,
// and those that come after it take its place. Reports of several runs that are due together are written together.
import type { Clock } from '../ops/clock.js';

/**
 * Between two reports of one run, in milliseconds. Beside six or seven of these a second stand what is told at once –
 * that cancelling was requested, the last report before the end – so that all together stay below ten.
 */
const GAP_MS = 150;
/** Runs that are written together, at most. */
const TOGETHER = 200;

export interface Teller<Run> {
  /** There is something to tell of this run. */
  changed(run: Run): void;
  /** Others have just told of it. */
  told(run: Run): void;
  /** From now on others tell of it. Resolves when nothing of it is being written any more. */
  leave(run: Run): Promise<void>;
  /** Nothing is told any more; resolves when nothing is being written. */
  stop(): Promise<void>;
}

interface Deps<Run> {
  clock: Pick<Clock, 'now' | 'after'>;
  /** Writes the newest of each run. Must not throw. @returns milliseconds to wait with everything else, or nothing */
  write(runs: readonly Run[]): Promise<number | undefined>;
}

export function createTeller<Run extends object>({ clock, write }: Deps<Run>): Teller<Run> {
  const waiting = new Set<Run>();
  /** When a run may be told of again. */
  const next = new WeakMap<Run, number>();
  let writing: { runs: readonly Run[]; done: Promise<void> } | null = null;
  let holdUntil = 0;
  let cancel = () => {};
  let stopped = false;

  const dueAt = (run: Run) => Math.max(next.get(run) ?? 0, holdUntil);

  function go(): void {
    if (writing || stopped || waiting.size === 0) return;
    cancel();
    const now = clock.now();
    const due = [...waiting].filter((run) => dueAt(run) <= now).slice(0, TOGETHER);
    if (due.length > 0) {
      for (const run of due) waiting.delete(run);
      writing = { runs: due, done: tell(due) };
    } else {
      const earliest = [...waiting].reduce((first, run) => Math.min(first, dueAt(run)), Infinity);
      cancel = clock.after(earliest - now, go);
    }
  }

  async function tell(runs: readonly Run[]): Promise<void> {
    const holdMs = await write(runs);
    const now = clock.now();
    for (const run of runs) next.set(run, now + GAP_MS);
    if (holdMs !== undefined) holdUntil = now + holdMs;
    writing = null;
    go();
  }

  return {
    changed(run) {
      waiting.add(run);
      go();
    },
    told(run) {
      next.set(run, clock.now() + GAP_MS);
    },
    async leave(run) {
      waiting.delete(run);
      if (writing?.runs.includes(run)) await writing.done;
      waiting.delete(run);
    },
    async stop() {
      stopped = true;
      cancel();
      await writing?.done;
    },
  };
}
