// What the work of an attempt is given: every call of it speaks for this attempt, and for no other.
import type { Catalogue } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Broadcaster } from '../events/broadcaster.js';
import type { AttemptKey } from './attempt-store.js';
import type { WorkflowContext } from './define-workflow.js';
import { stepJson } from './kept-json.js';
import type { RunProgress } from './run-progress.js';
import { WorkflowError } from './workflow-error.js';
import type { Run } from './workflow-store.js';

/** The attempt that a context speaks for. */
export interface CurrentAttempt {
  readonly key: AttemptKey;
  readonly run: Run;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
  /** There is news of the progress. */
  changed(): void;
  /** @throws WorkflowStopped when the attempt is over */
  assertCurrent(): void;
  /** Waits where no further step may be begun. @throws WorkflowStopped when the run is to stop */
  mayBeginStep(): Promise<void>;
  /** Keeps the result of a step. @throws WorkflowStopped when the attempt is over */
  remember(step: string, json: string | null): Promise<void>;
  /** What the result of a finished step has become. */
  recall<Result>(step: string): Promise<Result>;
  /** Does something in a transaction in which the attempt is not over. @throws WorkflowStopped when it is */
  whileCurrent<Value>(act: (manager: EntityManager) => Promise<Value>): Promise<Value>;
}

interface Deps {
  broadcaster: Broadcaster;
  catalogue: Catalogue;
}

const MAX_STEP_NAME = 200;

/** @param finished names of steps that an earlier attempt has finished */
export function createContext(
  attempt: CurrentAttempt,
  input: unknown,
  finished: ReadonlySet<string>,
  { broadcaster, catalogue }: Deps,
): WorkflowContext<unknown, Catalogue> {
  const { tenant, id, name, projectId, startedBy } = attempt.run;
  const begun = new Set<string>();
  const ephemeral = new Set(catalogue.events.filter((event) => event.class === 'ephemeral').map((event) => event.name));

  function beginStep(step: string): void {
    if (step === '' || step.length > MAX_STEP_NAME || /\0|\p{Surrogate}/u.test(step)) {
      throw misuse(`the name of a step takes 1–${MAX_STEP_NAME} characters`);
    }
    if (begun.has(step)) throw misuse(`the step "${step}" was begun before: a name tells it from the other steps`);
    begun.add(step);
  }

  async function doStep(step: string, work: () => unknown): Promise<void> {
    attempt.signal.throwIfAborted();
    attempt.progress.stepBegun(step);
    attempt.changed();
    await attempt.remember(step, stepJson(step, await work()));
  }

  return {
    workflowId: id,
    name,
    tenant,
    projectId,
    startedBy,
    attempt: attempt.key.attempt,
    input,
    signal: attempt.signal,

    progress(report) {
      attempt.assertCurrent();
      attempt.progress.report(report);
      attempt.changed();
    },

    log(...lines) {
      attempt.assertCurrent();
      attempt.progress.log(lines);
      attempt.changed();
    },

    async step(step, work) {
      await attempt.mayBeginStep();
      beginStep(step);
      if (!finished.has(step)) await doStep(step, work);
      attempt.progress.stepDone();
      attempt.changed();
      return attempt.recall(step);
    },

    async emit(event, data, { id: eventId = newId(), rooms } = {}) {
      const options = { tenant, caller: `workflow:${id}`, id: eventId, rooms };
      if (ephemeral.has(event)) {
        await attempt.whileCurrent(async () => undefined);
        await broadcaster.emit(event, data, options);
      } else {
        await attempt.whileCurrent((manager) => broadcaster.in(manager).emit(event, data, options));
      }
    },
  };
}

function misuse(message: string): WorkflowError {
  return new WorkflowError('bad_step', message, { retryable: false });
}
