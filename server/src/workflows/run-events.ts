// What the rooms of a run are told, always in the transaction that changes its row: the log cannot say anything else
// than the table.
import type { BuiltInCatalogue, EventData, workflowProgress } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import { onCommit } from '../storage/transaction.js';
import type { WorkflowStatus } from './workflow-entity.js';
import type { Run } from './workflow-store.js';

/** A notification of a run's end. */
export interface EndNotice {
  readonly tenant: string;
  readonly userId: string;
  readonly title: string;
  readonly message: string;
  readonly level: 'success' | 'error';
  readonly projectId: string | undefined;
}

export interface RunEventsDeps {
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  notify(manager: EntityManager, notice: EndNotice): Promise<void>;
  /** What people call a workflow. */
  titleOf(name: string): string;
  /** The end of a run is committed. */
  onEnded(name: string, status: WorkflowStatus): void;
}

export interface RunEvents {
  started(manager: EntityManager, run: Run): Promise<void>;
  /** @param told lines since what was told last, and how long it will take */
  progress(manager: EntityManager, run: Run, told?: Told): Promise<void>;
  /** The one end of a run, and the notification of its starter. */
  ended(manager: EntityManager, run: Run): Promise<void>;
}

export interface Told {
  readonly logs?: readonly string[];
  readonly etaSeconds?: number | undefined;
}

/** The part of an emitter's id for idempotency. */
const CALLER = 'workflows';

export function createRunEvents({ broadcaster, notify, titleOf, onEnded }: RunEventsDeps): RunEvents {
  const options = ({ tenant }: Run) => ({ tenant, caller: CALLER });

  return {
    async started(manager, run) {
      await broadcaster.in(manager).emit('workflow.started', headOf(run), options(run));
    },

    async progress(manager, run, told) {
      await broadcaster.in(manager).emit('workflow.progress', progressData(run, told), options(run));
    },

    async ended(manager, run) {
      const emitter = broadcaster.in(manager);
      onCommit(manager, () => onEnded(run.name, run.status));
      const data = headOf(run);
      const error = run.error ?? undefined;
      if (run.status === 'completed') {
        await emitter.emit('workflow.completed', { ...data, result: run.result ?? undefined }, options(run));
      } else if (run.status === 'failed') {
        await emitter.emit('workflow.failed', { ...data, error }, options(run));
      } else {
        await emitter.emit('workflow.cancelled', { ...data, error }, options(run));
      }
      if (run.notify && run.status !== 'cancelled') await notify(manager, noticeOf(run, titleOf(run.name)));
    },
  };
}

/** What is told of a run that is under way. */
export function progressData(run: Run, { logs = [], etaSeconds }: Told = {}): EventData<typeof workflowProgress> {
  return {
    workflow_id: run.id,
    project_id: run.projectId ?? undefined,
    status: run.status,
    progress: run.progress,
    current_step: run.currentStep,
    total_steps: run.totalSteps,
    logs: [...logs],
    attempt: run.attempt === 0 ? undefined : run.attempt,
    eta_seconds: etaSeconds,
  };
}

function headOf({ id, name, projectId, status }: Run) {
  return { workflow_id: id, name, project_id: projectId ?? undefined, status };
}

function noticeOf({ tenant, startedBy, projectId, status, error }: Run, title: string): EndNotice {
  const to = { tenant, userId: startedBy, projectId: projectId ?? undefined };
  return status === 'completed'
    ? { ...to, title: `${title}: done`, message: '', level: 'success' }
    : { ...to, title: `${title}: failed`, message: error?.message ?? '', level: 'error' };
}
