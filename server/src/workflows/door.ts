// Workflows as a host application's own code starts and stops them: what it may do is its own business, so nobody is
// asked for rights.
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { WorkflowDefinition } from './define-workflow.js';
import type { Start } from './new-run.js';
import type { Workflow, Workflows } from './workflows.js';

export interface StartOptions {
  /** Of the run; one is made when it is left out. 1–128 characters. */
  id?: string | undefined;
  /** Whose room is told too, and who may watch. */
  projectId?: string | undefined;
  /** `default` when left out. */
  tenant?: string | undefined;
  /** The user who is told how the run has ended, and may stop it; nobody when left out. */
  startedBy?: string | undefined;
  /** Of two that wait, the higher one begins first; that of the workflow when left out. */
  priority?: number | undefined;
}

export interface Starter {
  /**
   * Starts a run.
   * @param workflow as it was defined, or its name
   * @returns the run, which waits to be executed at once
   * @throws RoomcastError `bad_request` when the input does not fit or the name is not known, `conflict` when the id is
   *   taken
   */
  start<Input extends z.ZodType>(
    workflow: WorkflowDefinition<string, Input> | string,
    input: z.input<Input>,
    options?: StartOptions,
  ): Promise<Workflow>;
}

export interface WorkflowsDoor extends Starter {
  /** The same inside the caller's own transaction: the run exists, and is executed, if and only if it commits. */
  in(manager: EntityManager): Starter;
  /** Asks a run to stop; one that has ended stays as it is. @throws RoomcastError `not_found` */
  cancel(id: string, options?: { tenant?: string | undefined; by?: string | undefined }): Promise<Workflow>;
  /** @throws RoomcastError `not_found` */
  find(id: string, options?: { tenant?: string | undefined }): Promise<Workflow>;
}

const DEFAULT_TENANT = 'default';
/** Who starts and stops where no user is named. */
const SERVER = 'server';

interface Deps {
  workflows: Pick<Workflows, 'startIn' | 'stop' | 'read'>;
  inTransaction<Value>(act: (manager: EntityManager) => Promise<Value>): Promise<Value>;
}

export function createWorkflowsDoor({ workflows, inTransaction }: Deps): WorkflowsDoor {
  const starterIn = (manager: EntityManager): Starter => ({
    start: (workflow, input, options) => workflows.startIn(manager, startOf(workflow, input, options)),
  });
  return {
    start: (workflow, input, options) => inTransaction((manager) => starterIn(manager).start(workflow, input, options)),
    in: starterIn,
    cancel: (id, { tenant = DEFAULT_TENANT, by = SERVER } = {}) => workflows.stop({ tenant, id }, by),
    find: (id, { tenant = DEFAULT_TENANT } = {}) => workflows.read({ tenant, id }),
  };
}

function startOf(workflow: WorkflowDefinition | string, input: unknown, options: StartOptions = {}): Start {
  const { tenant = DEFAULT_TENANT, startedBy, ...rest } = options;
  const name = typeof workflow === 'string' ? workflow : workflow.name;
  const { id, projectId, priority } = rest;
  return {
    tenant,
    name,
    input,
    id,
    projectId,
    priority,
    startedBy: startedBy ?? SERVER,
    notify: startedBy !== undefined,
  };
}
