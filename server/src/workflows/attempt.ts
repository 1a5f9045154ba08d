// One attempt of a run: the work with its context, its time, its signal, and the one end that is written of it. Nothing
// in memory decides what an attempt has come to: the row does, which an attempt that is over cannot change.
import type { Catalogue } from '@roomcast/protocol';
import type { Logger } from 'pino';
import type { DataSource, EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Clock } from '../ops/clock.js';
import { inTransaction, StorageUnavailable } from '../storage/transaction.js';
import * as store from './attempt-store.js';
import { createContext, type CurrentAttempt } from './context.js';
import type { ProgressReport, WorkflowDefinition } from './define-workflow.js';
import type { JobQueue } from './job-queue.js';
import { resultJson } from './kept-json.js';
import { pauseAfter } from './retry.js';
import type { RunEvents } from './run-events.js';
import { RunProgress, type Snapshot } from './run-progress.js';
import type { Teller } from './teller.js';
import { failureOf, WorkflowError, WorkflowStopped } from './workflow-error.js';
import { readInput, type Run } from './workflow-store.js';

export interface AttemptDeps {
  dataSource: DataSource;
  clock: Clock;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Of the host application's catalogue. */
  broadcaster: Broadcaster;
  catalogue: Catalogue;
  events: RunEvents;
  queue: JobQueue;
  teller: Teller<Attempt>;
}

const UNAVAILABLE_WAIT_MS = 500;

type Outcome = store.Ending | 'unfinished' | 'over';

/** Lives from the moment at which an attempt has begun until its end is written, or it is over. */
export class Attempt implements CurrentAttempt {
  readonly key: store.AttemptKey;
  readonly run: Run;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #deps: AttemptDeps;
  readonly #definition: WorkflowDefinition;
  readonly #over: Promise<never>;
  #reject: (reason: WorkflowStopped) => void = () => {};
  #isOver = false;
  #isPaused = false;
  #timedOut = false;
  #cancelled = false;
  #timers: (() => void)[] = [];
  #outOfGrace: () => void = () => {};

  constructor(run: Run, definition: WorkflowDefinition, deps: AttemptDeps) {
    this.key = { tenant: run.tenant, id: run.id, attempt: run.attempt };
    this.run = run;
    this.progress = new RunProgress(run, deps.clock.now());
    this.signal = this.#controller.signal;
    this.#definition = definition;
    this.#deps = deps;
    this.#over = new Promise((_, reject) => (this.#reject = reject));
    this.#over.catch(() => {});
  }

  /** Does the work and writes its end. Never rejects. @returns milliseconds after which another attempt is due */
  async execute(): Promise<number | null> {
    const { clock, logger } = this.#deps;
    const { timeoutMs } = this.#definition;
    if (timeoutMs !== null) this.#timers.push(clock.after(timeoutMs, () => this.#timeIsUp(timeoutMs)));
    const unfinished = new Promise<Outcome>((resolve) => (this.#outOfGrace = () => resolve('unfinished')));
    const over = this.#over.catch((): Outcome => 'over');
    const work = this.#work();
    const outcome = await Promise.race([work, unfinished, over]);
    for (const cancel of this.#timers) cancel();
    if (outcome === 'unfinished')
      logger.warn(this.#about(), 'a workflow that was told to stop has not, and is abandoned');
    try {
      return outcome === 'over' ? null : await this.#end(outcome);
    } catch (err) {
      // Nobody executes it any more: the next look of the workers finds it.
      if (!this.#isOver) logger.error({ err, ...this.#about() }, 'the end of a workflow could not be written');
      return null;
    } finally {
      this.supersede('The attempt has ended.');
      this.progress.refuse(this.signal.reason);
    }
  }

  /** Somebody wants the run to end. */
  cancel(): void {
    if (this.#cancelled || this.#isOver) return;
    this.#cancelled = true;
    this.#stop(new WorkflowStopped('cancelled', 'The run was cancelled.'), 'The work was told to stop.');
  }

  /**
   * Another program tells how far the work is: told like what the work says itself, and at the same pace.
   * @returns what was told, once it is committed
   * @throws WorkflowStopped when the attempt is over
   */
  async reportedOutside(report: ProgressReport): Promise<{ readonly run: Run; readonly snapshot: Snapshot }> {
    this.assertCurrent();
    return new Promise((resolve, reject) => {
      this.progress.reportFor({ resolve, reject }, report);
      this.changed();
    });
  }

  /** The attempt is over, whoever has ended it: the work is told to stop, and nothing that it does counts. */
  supersede(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reason = new WorkflowStopped('superseded', why);
    this.#reject(reason);
    this.progress.refuse(reason);
    this.#controller.abort(reason);
  }

  /** No further step is begun: somebody else will go on. */
  pause(): void {
    this.#isPaused = true;
  }

  changed(): void {
    if (!this.#isOver) this.#deps.teller.changed(this);
  }

  assertCurrent(): void {
    if (this.#isOver) throw new WorkflowStopped('superseded', `Attempt ${this.key.attempt} of ${this.key.id} is over.`);
  }

  async mayBeginStep(): Promise<void> {
    this.assertCurrent();
    this.signal.throwIfAborted();
    if (this.#isPaused) await this.#over;
  }

  /** Does something in the database while this attempt is not over, as often as the database is away. */
  async whenAvailable<Value>(act: () => Promise<Value>): Promise<Value> {
    for (;;) {
      this.assertCurrent();
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        await Promise.race([this.#pauseFor(UNAVAILABLE_WAIT_MS), this.#over]);
      }
    }
  }

  async whileCurrent<Value>(act: (manager: EntityManager) => Promise<Value>): Promise<Value> {
    return this.whenAvailable(() =>
      inTransaction(this.#deps.dataSource, async (manager) => {
        if (!(await store.holdAttempt(manager, this.key))) this.#lost();
        return act(manager);
      }),
    );
  }

  async remember(name: string, result: string | null): Promise<void> {
    const step = { name, result };
    const kept = await this.whenAvailable(() => store.rememberStep(this.#deps.dataSource, this.key, step));
    if (!kept) this.#lost();
  }

  recall<Result>(name: string): Promise<Result> {
    return this.whenAvailable(() => store.readStep<Result>(this.#deps.dataSource, this.key, name));
  }

  #lost(): never {
    this.supersede('Another attempt has begun, or the run has ended.');
    this.assertCurrent();
    throw new Error('unreachable');
  }

  async #work(): Promise<Outcome> {
    try {
      const { dataSource } = this.#deps;
      const raw = await this.whenAvailable(() => readInput(dataSource.manager, this.key));
      const input = this.#definition.input.safeParse(raw);
      if (!input.success) throw new WorkflowError('bad_input', input.error.message, { retryable: false });
      const finished = await this.whenAvailable(() => store.finishedSteps(dataSource, this.key));
      const result = await this.#definition.work(createContext(this, input.data, finished, this.#deps));
      return { kind: 'done', result: resultJson(result) };
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): store.Ending {
    const { logger } = this.#deps;
    const { retryable, ...failure } = failureOf(error);
    if (!this.signal.aborted) logger.warn({ err: error, ...this.#about() }, 'an attempt of a workflow has failed');
    const retryMs = retryable ? pauseAfter(this.#definition.retry, this.run.failures + 1) : null;
    return { kind: 'failed', error: JSON.stringify(failure), retryMs };
  }

  #timeIsUp(timeoutMs: number): void {
    this.#timedOut = true;
    const reason = new WorkflowStopped('timeout', `The attempt took longer than ${timeoutMs / 1000} s.`);
    this.#stop(reason, `${reason.message} The work was told to stop.`);
  }

  #stop(reason: WorkflowStopped, line: string): void {
    const { clock } = this.#deps;
    this.progress.log([line]);
    this.changed();
    this.#controller.abort(reason);
    this.#timers.push(clock.after(this.#definition.graceMs, () => this.#outOfGrace()));
  }

  async #end(outcome: Exclude<Outcome, 'over'>): Promise<number | null> {
    await this.#deps.teller.leave(this);
    const ending = this.#endingOf(outcome);
    const unfinished = outcome === 'unfinished' ? JSON.stringify(this.#abandonment()) : null;
    return this.whenAvailable(() =>
      this.#tellLast((last) =>
        inTransaction(this.#deps.dataSource, (manager) => this.#writeEnd(manager, ending, unfinished, last)),
      ),
    );
  }

  /** What was not told yet is written with the end, or stays for the next try. */
  async #tellLast(write: (last: Snapshot | null) => Promise<{ run: Run; againMs: number | null }>) {
    const snapshot = this.progress.dirty ? this.progress.take(this.#deps.clock.now()) : null;
    try {
      const { run, againMs } = await write(snapshot);
      if (snapshot) for (const { resolve } of snapshot.waiting) resolve({ run, snapshot });
      return againMs;
    } catch (error) {
      if (snapshot) this.progress.putBack(snapshot);
      throw error;
    }
  }

  /** An attempt that was out of time has failed, whatever it has come to since. */
  #endingOf(outcome: Exclude<Outcome, 'over'>): store.Ending {
    if (outcome !== 'unfinished' && !this.#timedOut) return outcome;
    const { timeoutMs } = this.#definition;
    const stopped = outcome === 'unfinished' ? ' The work did not stop when it was told to.' : '';
    const message = `The attempt took longer than ${(timeoutMs ?? 0) / 1000} s.${stopped}`;
    const retryMs = pauseAfter(this.#definition.retry, this.run.failures + 1);
    return { kind: 'failed', error: JSON.stringify({ code: 'timeout', message }), retryMs };
  }

  #abandonment() {
    const seconds = this.#definition.graceMs / 1000;
    return {
      code: 'abandoned',
      message: `The work had not stopped ${seconds} s after it was told to, and was abandoned.`,
    };
  }

  async #writeEnd(
    manager: EntityManager,
    ending: store.Ending,
    unfinished: string | null,
    last: Snapshot | null,
  ): Promise<{ run: Run; againMs: number | null }> {
    const { events, queue } = this.#deps;
    const before = last && (await this.#report(manager, last));
    const run = await store.endAttempt(manager, this.key, ending, unfinished);
    if (!run) return this.#lost();
    if (run.status === 'queued' && ending.kind === 'failed') {
      const delayMs = ending.retryMs ?? 0;
      await queue.put(manager, run, delayMs);
      const logs = [
        ...(last?.logs ?? []),
        `Attempt ${run.attempt} failed: ${run.error?.message ?? ''}`.slice(0, 1_000),
      ];
      await events.progress(manager, run, { logs: logs.slice(-100) });
      return { run, againMs: delayMs };
    }
    if (before) await events.progress(manager, before, last);
    await store.forgetSteps(manager, this.key);
    await events.ended(manager, run);
    return { run: before ?? run, againMs: null };
  }

  async #report(manager: EntityManager, snapshot: Snapshot): Promise<Run> {
    const [run] = await store.report(manager, [{ key: this.key, ...snapshot }]);
    return run ?? this.#lost();
  }

  #pauseFor(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push(this.#deps.clock.after(ms, resolve)));
  }

  #about() {
    const { tenant, id, attempt } = this.key;
    return { workflow: this.run.name, workflow_id: id, tenant, attempt };
  }
}
