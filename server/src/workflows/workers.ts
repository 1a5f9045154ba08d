// Executes the runs of this node: begins what is next, as many of each workflow at once as it allows over all nodes;
// hears that runs are to stop; takes up what dead nodes have left; and lets go of its own when the node ends.
import type { Catalogue } from '@roomcast/protocol';
import type { Logger } from 'pino';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Broadcaster } from '../events/broadcaster.js';
import { repeat, type Clock } from '../ops/clock.js';
import { createLanes, type Left } from '../ops/lanes.js';
import { startRoutine } from '../ops/routine.js';
import { inTransaction } from '../storage/transaction.js';
import { Attempt } from './attempt.js';
import * as store from './attempt-store.js';
import type { WorkflowDefinition } from './define-workflow.js';
import type { JobQueue } from './job-queue.js';
import { createLeftBehind } from './left-behind.js';
import { thisProcess } from './node-process.js';
import * as nodes from './node-store.js';
import { releaseRun } from './release.js';
import type { RunEvents } from './run-events.js';
import { createTeller } from './teller.js';
import { tellProgress } from './tell-progress.js';
import type { RunKey } from './workflow-entity.js';
import type { Run } from './workflow-store.js';

export interface WorkersDeps {
  dataSource: DataSource;
  clock: Clock;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Of the host application's catalogue. */
  broadcaster: Broadcaster;
  catalogue: Catalogue;
  events: RunEvents;
  queue: JobQueue;
  definitions: ReadonlyMap<string, WorkflowDefinition>;
  /** No other process uses the database: whatever was executed before this one began is left alone. */
  alone: boolean;
}

export interface Workers {
  /** Takes up what processes before this one have left, and begins to execute. */
  start(): Promise<void>;
  /** A run of this workflow may be begun. What is started before the workers are waits for them. */
  wake(name: string): void;
  /** This run is to stop, if it is executed here. */
  cancelled(run: RunKey): void;
  /** The attempt of this run that is under way here. */
  attemptOf(run: RunKey): Attempt | undefined;
  /** How many runs of each workflow are under way here. */
  running(): ReadonlyMap<string, number>;
  /** Begins nothing more, no run and no further step; what is under way goes on. */
  drain(): void;
  /** Lets go of what is under way, for others or for the next start; resolves when nothing is done here any more. */
  stop(): Promise<void>;
}

/** Runs that are begun together, at most. */
const BATCH = 50;
/** Workflows of which runs are begun at the same moment. */
const NAMES_AT_ONCE = 4;
/** How long it takes at most to hear of a cancellation on another node. */
const PULSE_MS = 500;
/** How long it takes at most to see what another node has left or put in. */
const LOOK_MS = 2_000;
const UNAVAILABLE_WAIT_MS = 1_000;
const TIDY_MS = 3_600_000;

export function createWorkers(deps: WorkersDeps): Workers {
  const { dataSource, clock, logger, events, queue, definitions } = deps;
  const node = newId();
  const process = thisProcess();
  const attempts = new Map<string, Attempt>();
  const executing = new Set<Promise<void>>();
  const alarms = new Set<() => void>();
  const lanes = createLanes({ clock, atOnce: NAMES_AT_ONCE, step: begin });
  const teller = createTeller<Attempt>({
    clock,
    write: (running) => tellProgress({ dataSource, events, logger, now: clock.now }, running),
  });
  const isExecuted = (key: store.AttemptKey) => attempts.has(store.attemptName(key));
  const leftBehind = createLeftBehind({ ...deps, node, process, isExecuted });
  let draining: Promise<void> | null = null;
  let stops: (() => Promise<void>)[] = [];
  let started = false;

  async function begin(name: string): Promise<Left> {
    const definition = definitions.get(name);
    if (!definition) return 'nothing';
    try {
      const { begun, more } = await inTransaction(dataSource, (manager) => beginIn(manager, definition));
      for (const run of begun) execute(run, definition);
      return more ? 'more' : 'nothing';
    } catch (err) {
      logger.warn({ err, workflow: name }, 'runs of a workflow could not be begun and will be tried again');
      return UNAVAILABLE_WAIT_MS;
    }
  }

  async function beginIn(
    manager: EntityManager,
    { name, concurrency, totalSteps }: WorkflowDefinition,
  ): Promise<{ begun: Run[]; more: boolean }> {
    const free = Math.min(BATCH, concurrency - (await store.lockName(manager, name)));
    if (free <= 0) return { begun: [], more: false };
    const next = await queue.take(manager, name, free);
    if (next.length < free) next.push(...(await store.overdueRuns(manager, name, free - next.length)));
    if (next.length === 0) return { begun: [], more: false };
    await nodes.renewNode(manager, node, await process);
    const begun = await store.beginAttempts(manager, next, { node, totalSteps });
    for (const run of begun) {
      if (run.startedAt === null) await events.started(manager, run);
      await events.progress(manager, run);
    }
    // Where some of them need not be begun any more, there is room for others.
    return { begun, more: next.length === free && (begun.length === BATCH || begun.length < free) };
  }

  function execute(run: Run, definition: WorkflowDefinition): void {
    const attempt = new Attempt(run, definition, { ...deps, teller });
    const name = store.attemptName(attempt.key);
    attempts.set(name, attempt);
    teller.told(attempt);
    if (draining) attempt.pause();
    const done = attempt.execute().then((againMs) => {
      attempts.delete(name);
      executing.delete(done);
      lanes.wake(run.name);
      if (againMs !== null) later(againMs, () => lanes.wake(run.name));
    });
    executing.add(done);
  }

  /** The newest of them, where one that is over has not noticed yet. */
  function attemptOf({ tenant, id }: RunKey): Attempt | undefined {
    return [...attempts.values()].findLast(({ key }) => key.id === id && key.tenant === tenant);
  }

  function later(ms: number, act: () => void): void {
    const cancel = clock.after(ms, () => {
      alarms.delete(cancel);
      act();
    });
    alarms.add(cancel);
  }

  /** A sign of life, and what has become of the own attempts meanwhile. */
  async function pulse(): Promise<void> {
    const own = [...attempts];
    if (own.length === 0) return;
    const held = await nodes.pulse(dataSource, node, await process);
    const statuses = new Map(held.map((one) => [store.attemptName(one), one.status]));
    for (const [name, attempt] of own) {
      const status = statuses.get(name);
      if (status === undefined) attempt.supersede('Another attempt has begun, or the run has ended.');
      if (status === 'cancelling') attempt.cancel();
    }
  }

  async function look(): Promise<void> {
    for (const name of await leftBehind.release()) lanes.wake(name);
    for (const name of await nodes.dueNames(dataSource, [...definitions.keys()])) lanes.wake(name);
  }

  async function letGo(): Promise<void> {
    await inTransaction(dataSource, async (manager) => {
      for (const { key } of attempts.values()) await releaseRun(deps, manager, key, 'left');
      await nodes.removeNodes(manager, [node]);
    });
  }

  const failed = (err: unknown) => logger.warn({ err }, 'workflows could not be looked after and will be again');
  const drain = () => (draining ??= lanes.stop());

  return {
    async start() {
      started = true;
      await leftBehind.forgetTheDead().catch(failed);
      stops = [
        startRoutine(clock, LOOK_MS, look, failed),
        repeat(clock, PULSE_MS, pulse, failed),
        repeat(clock, TIDY_MS, () => nodes.removeOldNodes(dataSource), failed),
      ];
    },
    wake(name) {
      if (started) lanes.wake(name);
    },
    cancelled: (run) => attemptOf(run)?.cancel(),
    attemptOf,
    running() {
      const counts = new Map([...definitions.keys()].map((name) => [name, 0]));
      for (const { run } of attempts.values()) counts.set(run.name, (counts.get(run.name) ?? 0) + 1);
      return counts;
    },
    drain() {
      void drain();
      for (const attempt of attempts.values()) attempt.pause();
    },
    async stop() {
      await drain();
      for (const stop of stops) await stop();
      for (const cancel of alarms) cancel();
      if (attempts.size > 0) await letGo().catch(failed);
      for (const attempt of attempts.values()) attempt.supersede('The node has ended.');
      await Promise.all(executing);
      await teller.stop();
    },
  };
}
