// A run that does not exist yet.
import { isDeepStrictEqual } from 'node:util';
import type { WorkflowRow } from './workflow-entity.js';
import type { Run } from './workflow-store.js';

/** How a run is started by a part of the platform that has checked the caller's rights. */
export interface Start {
  tenant: string;
  name: string;
  input: unknown;
  projectId: string | undefined;
  /** One is made when it is left out. */
  id: string | undefined;
  /** A user's id, or the name of a part of the host application. */
  startedBy: string;
  /** Whether that is a user, who is told by a notification how it has ended. */
  notify: boolean;
  /** That of the definition when it is left out. */
  priority?: number | undefined;
}

/** @param start its input as JSON has it */
export function startedRow(start: Start & { id: string; priority: number }): WorkflowRow {
  const { tenant, id, name, input, startedBy, notify, priority, projectId = null } = start;
  const now = new Date();
  return {
    tenant,
    id,
    name,
    projectId,
    status: 'queued',
    priority,
    input,
    result: null,
    error: null,
    progress: 0,
    currentStep: '',
    totalSteps: 0,
    attempt: 0,
    failures: 0,
    losses: 0,
    node: null,
    dueAt: now,
    startedBy,
    notify,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

/** Whether a run was started as this one would be. */
export function sameStart(there: Run, row: WorkflowRow, input: unknown): boolean {
  return (
    there.name === row.name &&
    there.projectId === row.projectId &&
    there.startedBy === row.startedBy &&
    isDeepStrictEqual(input, row.input)
  );
}
