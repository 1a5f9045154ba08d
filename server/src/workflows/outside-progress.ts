// Progress that other engines tell of, over HTTP: of runs of their own, and of runs of the platform whose work is done
// elsewhere. As with the platform's own work, a run is told of some times a second, with the newest last, and a report
// of an attempt that is over is refused. What is reported of a run that is executed here is told with what its own work
// says, at one pace. Who reports is answered once the report, or a newer one, is committed.
import { RoomcastError, type BuiltInCatalogue, type EventData, type workflowProgress } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Clock } from '../ops/clock.js';
import { startRoutine } from '../ops/routine.js';
import { inTransaction } from '../storage/transaction.js';
import * as store from './outside-store.js';
import type { Attempt } from './attempt.js';
import { progressData, type RunEvents } from './run-events.js';
import { storable } from './storable-text.js';
import { createTeller } from './teller.js';
import type { RunKey } from './workflow-entity.js';
import { WorkflowStopped } from './workflow-error.js';
import { keptRuns } from './workflow-store.js';

type Progress = EventData<typeof workflowProgress>;

export interface OutsideProgress {
  /**
   * @returns what was told, which may be a newer report of the same run
   * @throws RoomcastError `conflict` when a newer attempt has told of the run, or the run has ended; `unavailable`
   */
  report(tenant: string, progress: Progress): Promise<Progress>;
  /** Begins to forget runs that were not told of for long. */
  start(): void;
  stop(): Promise<void>;
}

interface Deps {
  dataSource: DataSource;
  clock: Clock;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  events: RunEvents;
  /** The attempt of a run that is under way on this node. */
  executedHere(run: RunKey): Pick<Attempt, 'key' | 'reportedOutside'> | undefined;
  failed: (error: unknown) => void;
}

interface Waiting {
  resolve(told: Progress): void;
  reject(error: unknown): void;
}

/** A run that is told of just now. */
interface Reported extends RunKey {
  pending: { progress: Progress; waiting: Waiting[] } | null;
  toldAt: number;
}

const MAX_LOGS = 100;
const MAX_STEP = 500;
const TIDY_MS = 3_600_000;
/** Runs that are remembered for the pace at which they are told of, before those that are quiet are looked for. */
const REMEMBERED = 1_000;
const QUIET_MS = 1_000;

export function createOutsideProgress(deps: Deps): OutsideProgress {
  const { dataSource, clock, failed } = deps;
  const runs = new Map<string, Reported>();
  const teller = createTeller<Reported>({ clock, write });
  let stopForgetting = () => Promise.resolve();
  let stopped = false;

  function reported(tenant: string, id: string): Reported {
    const name = `${tenant}/${id}`;
    const run = runs.get(name) ?? { tenant, id, pending: null, toldAt: 0 };
    runs.set(name, run);
    if (runs.size > REMEMBERED) {
      const quiet = clock.now() - QUIET_MS;
      for (const [key, { pending, toldAt }] of runs) if (!pending && toldAt < quiet && key !== name) runs.delete(key);
    }
    return run;
  }

  async function write(told: readonly Reported[]): Promise<undefined> {
    const taken = told.flatMap(({ tenant, pending }) => (pending ? [{ tenant, ...pending }] : []));
    for (const run of told) [run.pending, run.toldAt] = [null, clock.now()];
    try {
      const refused = await inTransaction(dataSource, (manager) => tellAll(deps, manager, taken));
      for (const one of taken) {
        const reason = refused.get(one);
        for (const { resolve, reject } of one.waiting) {
          if (reason) reject(reason);
          else resolve(one.progress);
        }
      }
    } catch (error) {
      for (const { waiting } of taken) for (const { reject } of waiting) reject(error);
    }
  }

  function tell(tenant: string, progress: Progress): Promise<Progress> {
    const run = reported(tenant, progress.workflow_id);
    return new Promise((resolve, reject) => {
      const { pending } = run;
      if (pending && isOlder(progress, pending.progress)) return reject(overtaken(progress));
      const waiting = [...(pending?.waiting ?? []), { resolve, reject }];
      run.pending = { progress: pending ? laidOver(pending.progress, progress) : progress, waiting };
      teller.changed(run);
    });
  }

  return {
    async report(tenant, progress) {
      if (stopped) throw new RoomcastError('unavailable');
      const own = deps.executedHere({ tenant, id: progress.workflow_id });
      return (own && (await reportTo(own, progress))) ?? tell(tenant, progress);
    },
    start() {
      stopForgetting = startRoutine(clock, TIDY_MS, () => store.removeOldFences(dataSource), failed);
    },
    async stop() {
      stopped = true;
      await stopForgetting();
      await teller.stop();
      for (const { pending } of runs.values()) {
        for (const { reject } of pending?.waiting ?? []) reject(new RoomcastError('unavailable'));
      }
    },
  };
}

/** @returns null when the attempt is over: what has become of the run, its row knows */
async function reportTo(own: Pick<Attempt, 'key' | 'reportedOutside'>, progress: Progress): Promise<Progress | null> {
  if ((progress.attempt ?? own.key.attempt) !== own.key.attempt) throw overtaken(progress);
  try {
    const { run, snapshot } = await own.reportedOutside(progress);
    return progressData(run, snapshot);
  } catch (error) {
    if (!(error instanceof WorkflowStopped)) throw error;
    return null;
  }
}

interface Taken {
  readonly tenant: string;
  readonly progress: Progress;
  readonly waiting: readonly Waiting[];
}

/** @returns why some of them are refused */
async function tellAll(
  { broadcaster, events }: Deps,
  manager: EntityManager,
  taken: readonly Taken[],
): Promise<Map<Taken, RoomcastError>> {
  const refused = new Map<Taken, RoomcastError>();
  const reports = new Map(taken.map((one) => [nameOf(keyOf(one)), one]));
  const executed = await store.reportKept(manager, [...reports.values()].map(reportOf));
  for (const run of executed) {
    const one = reports.get(nameOf(run));
    if (!one) continue;
    await events.progress(manager, run, { logs: one.progress.logs, etaSeconds: one.progress.eta_seconds });
    reports.delete(nameOf(run));
  }
  for (const run of await keptRuns(manager, [...reports.values()].map(keyOf))) {
    const one = reports.get(nameOf(run));
    if (one) refused.set(one, overtaken(one.progress));
    reports.delete(nameOf(run));
  }
  const passed = await passedFences(manager, [...reports.values()]);
  for (const one of reports.values()) {
    if (!passed.has(one)) refused.set(one, overtaken(one.progress));
    else
      await broadcaster.in(manager).emit('workflow.progress', one.progress, { tenant: one.tenant, caller: 'outside' });
  }
  return refused;
}

/** Of runs that the platform does not keep. One that has failed goes on with a newer attempt, any other end is one. */
async function passedFences(manager: EntityManager, taken: readonly Taken[]): Promise<Set<Taken>> {
  if (taken.length === 0) return new Set();
  const over = new Map((await store.overRuns(manager, taken.map(keyOf))).map((run) => [nameOf(run), run]));
  const alive = taken.filter((one) => {
    const end = over.get(nameOf(keyOf(one)));
    return !end || (!end.finally && end.attempt !== null && (one.progress.attempt ?? 0) > end.attempt);
  });
  const numbered = alive.flatMap((one) => {
    const { attempt } = one.progress;
    return attempt === undefined ? [] : [{ ...keyOf(one), attempt }];
  });
  const raised = new Set((await store.raiseFences(manager, numbered)).map(nameOf));
  return new Set(alive.filter((one) => one.progress.attempt === undefined || raised.has(nameOf(keyOf(one)))));
}

function reportOf({ tenant, progress }: Taken): store.OutsideReport {
  return {
    tenant,
    id: progress.workflow_id,
    attempt: progress.attempt ?? null,
    progress: progress.progress,
    currentStep: storable(progress.current_step, MAX_STEP),
    totalSteps: progress.total_steps,
  };
}

function isOlder(progress: Progress, than: Progress): boolean {
  return progress.attempt !== undefined && than.attempt !== undefined && progress.attempt < than.attempt;
}

/** The newer report, with the lines of both. */
function laidOver(older: Progress, newer: Progress): Progress {
  return { ...newer, logs: [...older.logs, ...newer.logs].slice(-MAX_LOGS) };
}

function overtaken({ workflow_id: id, attempt }: Progress): RoomcastError {
  const which = attempt === undefined ? 'it has ended' : `attempt ${attempt} is over, or the run has ended`;
  return new RoomcastError('conflict', `Nothing more is told of ${id}: ${which}.`);
}

function keyOf({ tenant, progress }: Taken): RunKey {
  return { tenant, id: progress.workflow_id };
}

function nameOf({ tenant, id }: RunKey): string {
  return `${tenant}/${id}`;
}
