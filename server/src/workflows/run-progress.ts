// How far one attempt is, as its work tells it: reports are laid over each other until somebody takes what is to be told.
// Pure: time is handed in.
import type { ProgressReport } from './define-workflow.js';
import { storable } from './storable-text.js';
import type { Run } from './workflow-store.js';

/** As the events have it. */
const MAX_LOGS = 100;
const MAX_LINE = 1_000;
const MAX_STEP = 500;
const MAX_STEPS = 1_000_000;
/** Before so much time has passed, nothing can be said about how long it will take. */
const ESTIMATE_AFTER_MS = 500;

/** Somebody outside whose report waits to be told. */
export interface Waiting {
  resolve(told: { readonly run: Run; readonly snapshot: Snapshot }): void;
  reject(error: unknown): void;
}

/** What is to be told. */
export interface Snapshot {
  readonly progress: number;
  readonly currentStep: string;
  readonly totalSteps: number;
  readonly logs: readonly string[];
  readonly etaSeconds: number | undefined;
  /** Who wants to know when it was told. */
  readonly waiting: readonly Waiting[];
}

export class RunProgress {
  #progress: number;
  #currentStep = '';
  #totalSteps: number;
  #stepsDone = 0;
  #eta: number | undefined;
  #logs: string[] = [];
  #leftOut = 0;
  #dirty = false;
  #waiting: Waiting[] = [];
  readonly #begun: { readonly at: number; readonly progress: number };

  /** @param progress that the attempt begins with @param now milliseconds */
  constructor({ progress, totalSteps }: { progress: number; totalSteps: number }, now: number) {
    this.#progress = progress;
    this.#totalSteps = totalSteps;
    this.#begun = { at: now, progress };
  }

  /** Whether there is something that was not told yet. */
  get dirty(): boolean {
    return this.#dirty;
  }

  report(report: ProgressReport): void {
    const { progress, step_progress: ofStep, current_step: step, total_steps: total, logs, eta_seconds: eta } = report;
    if (total !== undefined)
      this.#totalSteps = Math.min(MAX_STEPS, Math.max(0, Math.trunc(finite(total, 'total_steps'))));
    if (step !== undefined) this.#currentStep = storable(step, MAX_STEP);
    if (progress !== undefined) this.#raise(finite(progress, 'progress'));
    if (ofStep !== undefined) this.#raise(this.#share(finite(ofStep, 'step_progress')));
    this.#eta = eta === undefined ? undefined : Math.max(0, finite(eta, 'eta_seconds'));
    this.#dirty = true;
    if (logs) this.log(logs);
  }

  /** A report from outside, whose reporter is to hear when it was told. */
  reportFor(waiting: Waiting, report: ProgressReport): void {
    this.report(report);
    this.#waiting.push(waiting);
  }

  log(lines: readonly string[]): void {
    this.#logs.push(...lines.map((line) => storable(line, MAX_LINE)));
    this.#leftOut += this.#logs.splice(0, Math.max(0, this.#logs.length - MAX_LOGS)).length;
    this.#dirty = true;
  }

  stepBegun(name: string): void {
    this.#currentStep = storable(name, MAX_STEP);
    this.#dirty = true;
  }

  stepDone(): void {
    this.#stepsDone++;
    if (this.#totalSteps > 0) this.#raise((100 * this.#stepsDone) / this.#totalSteps);
    this.#dirty = true;
  }

  /** What is to be told now; from here on only what comes later is. */
  take(now: number): Snapshot {
    // The line that says so takes the place of one more.
    const logs = this.#leftOut > 0 ? [`… ${this.#leftOut + 1} lines are left out`, ...this.#logs.slice(1)] : this.#logs;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#logs = [];
    this.#leftOut = 0;
    this.#dirty = false;
    return {
      progress: this.#progress,
      currentStep: this.#currentStep,
      totalSteps: this.#totalSteps,
      logs,
      etaSeconds: this.#eta ?? this.#estimate(now),
      waiting,
    };
  }

  /** What was taken could not be told. */
  putBack({ logs, waiting }: Snapshot): void {
    this.#waiting.unshift(...waiting);
    const later = this.#logs;
    this.#logs = [...logs];
    this.log(later);
  }

  /** Nothing more is told. */
  refuse(reason: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  #raise(progress: number): void {
    this.#progress = Math.max(this.#progress, Math.min(100, Math.round(progress * 100) / 100));
  }

  #share(ofStep: number): number {
    return (100 * this.#stepsDone + Math.min(100, Math.max(0, ofStep))) / Math.max(1, this.#totalSteps);
  }

  /** As if the rest went as fast as what this attempt has done. */
  #estimate(now: number): number | undefined {
    const [passed, gained] = [now - this.#begun.at, this.#progress - this.#begun.progress];
    if (passed < ESTIMATE_AFTER_MS || gained <= 0) return undefined;
    return Math.ceil((((100 - this.#progress) / gained) * passed) / 1000);
  }
}

function finite(value: number, field: string): number {
  if (!Number.isFinite(value)) throw new TypeError(`progress: ${field} takes a number`);
  return value;
}
