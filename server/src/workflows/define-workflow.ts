// What a workflow is: a name, the form of its input, and the work. A host application declares its own and hands them
// to createRoomcast; whoever starts one gets a run, which is told, can be watched and cancelled, and goes on after a
// restart with the first step that was not finished.
import { ID_PATTERN, type BuiltInCatalogue, type Catalogue } from '@roomcast/protocol';
import type { z } from 'zod';
import type { EmitOptions, EventInput, EventName } from '../events/broadcaster.js';
import { parseRetry, type RetryOptions, type RetryPolicy } from './retry.js';

/** What work tells of itself; what is left out stays as it was. */
export interface ProgressReport {
  /** Percent of the whole run. Within an attempt it never goes back: a smaller number than before counts as that. */
  progress?: number;
  /** Percent of the step that runs now, of `total_steps`; takes the place of `progress`. */
  step_progress?: number;
  current_step?: string;
  /** With it a finished step counts by itself. */
  total_steps?: number;
  logs?: readonly string[];
  /** Estimated from the progress so far when it is left out. */
  eta_seconds?: number;
}

/** What the work of one attempt is given. Once the attempt is over, every call throws or rejects. */
export interface WorkflowContext<Input, C extends Catalogue = BuiltInCatalogue> {
  readonly workflowId: string;
  readonly name: string;
  readonly tenant: string;
  readonly projectId: string | null;
  /** Who started the run. */
  readonly startedBy: string;
  /** 1 for the first, one more after each retry or restart. */
  readonly attempt: number;
  readonly input: Input;
  /** Aborted when the run was cancelled, its time is up, or another attempt has begun. Hand it to whatever takes one. */
  readonly signal: AbortSignal;

  /** Tells how far the run is. Some of many reports are left out, never the last. */
  progress(report: ProgressReport): void;

  /** Adds lines to what is told next. */
  log(...lines: string[]): void;

  /**
   * Does a part of the work. What it resolves with is kept as JSON: when the run is taken up again, a finished step is
   * not done again, and gives what was kept. Nothing comes back as null.
   * @param name tells the step from the others of the run
   * @returns what was kept, also the first time
   * @throws what `work` throws; the signal's reason when the run has been told to stop
   */
  step<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result>;

  /**
   * Emits an event in the run's tenant, unless another attempt has begun. `id` is one of this run: a step that is done
   * again under the same id emits nothing again.
   */
  emit<Name extends EventName<C>>(
    event: Name,
    data: EventInput<C, Name>,
    options?: Pick<EmitOptions, 'id' | 'rooms'>,
  ): Promise<void>;
}

/** What earlier steps have left, by their names. */
export type StepResults = Readonly<Record<string, unknown>>;

interface Step<Input, C extends Catalogue> {
  name: string;
  /** What it resolves with is kept as JSON. */
  run(context: WorkflowContext<Input, C>, results: StepResults): unknown;
}

interface Options<Name extends string, Input extends z.ZodType, C extends Catalogue> {
  /** 1–128 characters of A-Z a-z 0-9 _ - . */
  name: Name;
  /** What people call it, in notifications; the name when left out. */
  title?: string;
  /** Of the input, which is kept as JSON. */
  input: Input;
  /** The catalogue of the host application, for the types of `context.emit`. */
  catalogue?: C;
  /** What becomes of an attempt that fails: three attempts unless told. */
  retry?: RetryOptions;
  /** How long an attempt may take, in milliseconds; no limit when left out. */
  timeoutMs?: number;
  /** How long work that was told to stop is waited for before it is abandoned, in milliseconds; 10,000 unless told. */
  graceMs?: number;
  /** Runs at once, over all nodes; 10 unless told. */
  concurrency?: number;
  /** Of its runs, where a start does not say; the higher begins first. 0 unless told. */
  priority?: number;
}

interface Work<Input extends z.ZodType, C extends Catalogue> {
  /** @returns the result, as JSON */
  run(context: WorkflowContext<z.output<Input>, C>): unknown;
  steps?: undefined;
}

interface Steps<Input extends z.ZodType, C extends Catalogue> {
  /** One after the other; the run's result is that of the last. */
  steps: readonly Step<z.output<Input>, C>[];
  run?: undefined;
}

export interface WorkflowDefinition<Name extends string = string, Input extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly title: string;
  readonly input: Input;
  readonly totalSteps: number;
  /** Called with what `input` makes of the run's input. */
  work(context: WorkflowContext<unknown, Catalogue>): unknown;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | null;
  readonly graceMs: number;
  readonly concurrency: number;
  readonly priority: number;
}

/**
 * Declares a workflow.
 * @param options its name, the schema of its input, and either `run` or `steps`
 * @throws TypeError when the declaration contradicts itself, with the workflow's name
 */
export function defineWorkflow<
  const Name extends string,
  Input extends z.ZodType,
  C extends Catalogue = BuiltInCatalogue,
>(options: Options<Name, Input, C> & (Work<Input, C> | Steps<Input, C>)): WorkflowDefinition<Name, Input> {
  const { name, title = name, input, timeoutMs = null, graceMs = 10_000, concurrency = 10, priority = 0 } = options;
  const refuse = (what: string) => new TypeError(`workflow "${name}": ${what}`);
  if (!ID_PATTERN.test(name)) throw refuse('name takes 1–128 characters of A-Z a-z 0-9 _ - .');
  if (!isWhole(concurrency, 1)) throw refuse('concurrency takes a whole number from 1');
  if (!isWhole(priority, -1_000_000)) throw refuse('priority takes a whole number');
  if (timeoutMs !== null && !isWhole(timeoutMs, 1)) throw refuse('timeoutMs takes milliseconds');
  if (!isWhole(graceMs, 0)) throw refuse('graceMs takes milliseconds');
  const retry = parseRetry(options.retry ?? {});
  if (typeof retry === 'string') throw refuse(retry);
  const wrong = options.steps && contradiction(options.steps);
  if (wrong) throw refuse(wrong);
  const work = options.steps ? inSteps(options.steps) : options.run;
  const totalSteps = options.steps?.length ?? 0;
  return { name, title, input, totalSteps, work, retry, timeoutMs, graceMs, concurrency, priority };
}

function isWhole(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least && value <= 2_147_483_647;
}

function contradiction(steps: readonly { name: string }[]): string | null {
  if (steps.length === 0) return 'steps takes at least one';
  const names = steps.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `the step "${twice}" is there twice`;
}

function inSteps<Input, C extends Catalogue>(steps: readonly Step<Input, C>[]) {
  return async (context: WorkflowContext<Input, C>): Promise<unknown> => {
    const results: Record<string, unknown> = {};
    let last: unknown;
    for (const { name, run } of steps) {
      last = await context.step(name, () => run(context, { ...results }));
      results[name] = last;
    }
    return last;
  };
}
