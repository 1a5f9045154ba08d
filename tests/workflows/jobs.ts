// A workflow whose work is what a test gives it, and gates that a test opens.
import { randomUUID } from 'node:crypto';
import { defineWorkflow, type WorkflowContext } from '@roomcast/server';
import { z } from 'zod';

export type Job = (context: WorkflowContext<{ job: string }>) => unknown;

/** The work of each job, by its name. */
const jobs = new Map<string, Job>();

const input = z.object({ job: z.string() });
const run: Job = (context) => jobs.get(context.input.job)?.(context);
const retry = { firstMs: 20 };

/** Does the job that its input names. */
export const task = defineWorkflow({
  name: 'task',
  title: 'The task',
  input,
  run,
  retry,
  concurrency: 1_000,
  graceMs: 300,
});
/** The same, one run after the other. */
export const single = defineWorkflow({ name: 'single', input, run, retry, concurrency: 1 });
/** The same, in no time. */
export const hasty = defineWorkflow({
  name: 'hasty',
  input,
  run,
  timeoutMs: 100,
  graceMs: 100,
  retry: { attempts: 1 },
});

/** A job under a name of its own, as the input of a run. */
export function job(work: Job): { job: string } {
  const name = randomUUID();
  jobs.set(name, work);
  return { job: name };
}

export interface Gate {
  /** Resolves when it is open. */
  readonly passed: Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  let open = () => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/** Rejects with the signal's reason when it is aborted. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
