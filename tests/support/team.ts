// People and programs of one tenant, which no other test uses.
import { randomUUID } from 'node:crypto';
import { callerAt, type Caller } from './caller.js';

export interface Team {
  readonly tenant: string;
  /** Members. */
  readonly ada: Caller;
  readonly bob: Caller;
  /** A publisher. */
  readonly bot: Caller;
  /** An admin. */
  readonly boss: Caller;
}

export function teamAt(url: string, tenant: string = randomUUID()): Team {
  const who = (user: string, ...roles: string[]) => callerAt(url, { user, tenant, roles });
  return { tenant, ada: who('ada'), bob: who('bob'), bot: who('bot', 'publisher'), boss: who('boss', 'admin') };
}

/** What a publisher posts: a fact of a project, with a number to know it by. */
export function projectFact(projectId: string, number: number): { event: string; data: Record<string, unknown> } {
  return { event: 'operation.completed', data: { project_id: projectId, operation: 'test', result: number } };
}

/** What goes to a project's room, a workflow's and everybody. */
export function workflowFact(workflowId: string, projectId: string): { event: string; data: Record<string, unknown> } {
  const data = { workflow_id: workflowId, name: 'test', project_id: projectId, status: 'running' };
  return { event: 'workflow.started', data };
}

/** The value of a run's progress. */
export function workflowProgress(
  workflowId: string,
  progress: number,
): { event: string; data: Record<string, unknown> } {
  const data = { workflow_id: workflowId, status: 'running', progress, current_step: 'test', total_steps: 3 };
  return { event: 'workflow.progress', data };
}
