// One run of a workflow. The row is the truth about it: whatever the queue or a worker believes, what stands here holds.
import type { workflowStatus } from '@roomcast/protocol';
import { EntitySchema } from 'typeorm';
import type { z } from 'zod';

export type WorkflowStatus = z.output<typeof workflowStatus>;

/** Why a run ended as it did. */
export interface Failure {
  code: string;
  message: string;
}

/** What names a run. */
export interface RunKey {
  readonly tenant: string;
  readonly id: string;
}

export interface WorkflowRow {
  tenant: string;
  id: string;
  name: string;
  projectId: string | null;
  status: WorkflowStatus;
  /** Of two that wait, the higher one begins first. */
  priority: number;
  input: unknown;
  result: unknown;
  error: Failure | null;
  progress: number;
  currentStep: string;
  totalSteps: number;
  /** Counts the times that it was begun. */
  attempt: number;
  /** Attempts that have ended with an error. */
  failures: number;
  /** Attempts whose node has died. */
  losses: number;
  /** Who executes it; null: nobody. */
  node: string | null;
  /** Not begun before. */
  dueAt: Date;
  startedBy: string;
  /** Whether its starter is a user who gets a notification at the end. */
  notify: boolean;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export const WorkflowEntity = new EntitySchema<WorkflowRow>({
  name: 'workflow',
  tableName: 'workflows',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    projectId: { type: 'text', name: 'project_id', nullable: true },
    status: { type: 'text' },
    priority: { type: 'integer' },
    // Up to 1 MiB: read only to be worked on.
    input: { type: 'json', select: false },
    result: { type: 'json', nullable: true },
    error: { type: 'json', nullable: true },
    progress: { type: 'double precision' },
    currentStep: { type: 'text', name: 'current_step' },
    totalSteps: { type: 'integer', name: 'total_steps' },
    attempt: { type: 'integer' },
    failures: { type: 'integer' },
    losses: { type: 'integer' },
    node: { type: 'uuid', nullable: true },
    dueAt: { type: 'timestamptz', name: 'due_at' },
    startedBy: { type: 'text', name: 'started_by' },
    notify: { type: 'boolean' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    startedAt: { type: 'timestamptz', name: 'started_at', nullable: true },
    finishedAt: { type: 'timestamptz', name: 'finished_at', nullable: true },
  },
});
