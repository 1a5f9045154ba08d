// Runs of workflows as people and programs meet them: started, looked at, told to stop. A start is a row and a job in one
// transaction, which may be the caller's own; a cancellation is decided by the row, whatever comes at the same moment.
import { parseInput, RoomcastError, rooms, type workflow } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { z } from 'zod';
import { isPublisher, type Principal } from '../identity/principal.js';
import type { ListPage, ListRequest } from '../storage/list.js';
import { inTransaction, onCommit } from '../storage/transaction.js';
import type { WorkflowDefinition } from './define-workflow.js';
import type { JobQueue } from './job-queue.js';
import { sameStart, startedRow, type Start } from './new-run.js';
import type { RunEvents } from './run-events.js';
import type { Workers } from './workers.js';
import type { RunKey, WorkflowStatus } from './workflow-entity.js';
import * as store from './workflow-store.js';

/** A run as callers see it. */
export type Workflow = z.output<typeof workflow>;

export interface NewWorkflow {
  name: string;
  input?: unknown;
  project_id?: string | undefined;
  id?: string | undefined;
}

export interface Workflows {
  /**
   * @param repeatable whether the same start under the same id by the same caller is answered with the run that is there
   * @throws RoomcastError `bad_request` for a name that is not known or input of another form, `conflict` when the id is
   *   taken, `not_found` or `forbidden` where the caller may not enter the project
   */
  start(caller: Principal, input: NewWorkflow, options?: { repeatable?: boolean }): Promise<Workflow>;
  /** @throws RoomcastError `not_found`, `forbidden` */
  find(caller: Principal, id: string): Promise<Workflow>;
  /** The runs that the caller may see, newest first; a page may hold fewer than asked for. @throws RoomcastError */
  list(
    caller: Principal,
    page: ListRequest & { projectId?: string | undefined; status?: WorkflowStatus | undefined },
  ): Promise<ListPage<Workflow>>;
  /**
   * Asks a run to stop; one that has ended stays as it is.
   * @throws RoomcastError `not_found`; `forbidden` for others than its starter, its project's owner and publishers
   */
  cancel(caller: Principal, id: string): Promise<Workflow>;
  /** The same without asking for rights. @param by who wants it */
  stop(run: RunKey, by: string): Promise<Workflow>;
  /** The run without asking for rights. @throws RoomcastError `not_found` */
  read(run: RunKey): Promise<Workflow>;
  /** Starts in the caller's transaction, without asking for rights. @throws RoomcastError `bad_request`, `conflict` */
  startIn(manager: EntityManager, start: Start): Promise<Workflow>;
  /** Which of these ids are runs that the platform keeps. */
  kept(tenant: string, ids: readonly string[]): Promise<string[]>;
}

export interface WorkflowsDeps {
  dataSource: DataSource;
  definitions: ReadonlyMap<string, WorkflowDefinition>;
  /** Null where no workflows are defined. */
  queue: JobQueue | null;
  events: RunEvents;
  workers: () => Pick<Workers, 'wake' | 'cancelled'> | null;
  /** @throws RoomcastError `not_found` or `forbidden` unless the caller may enter the room */
  authorize(caller: Principal, room: string): Promise<void>;
  /** Which of these rooms the caller may enter. */
  enterable(caller: Principal, rooms: readonly string[]): Promise<ReadonlySet<string>>;
  /** Who made a living project; null where the platform does not keep it. */
  ownerOf(manager: EntityManager, tenant: string, projectId: string): Promise<string | null>;
}

/** Pages that are read for one page of a list, at most: what the caller may not see is left out of them. */
const PASSES = 10;

export function createWorkflows(deps: WorkflowsDeps): Workflows {
  const { dataSource, authorize } = deps;
  return {
    async start(caller, { name, input, project_id: projectId, id }, { repeatable = false } = {}) {
      if (projectId !== undefined) await authorize(caller, rooms.project(projectId));
      const { tenant, userId: startedBy, keyId } = caller;
      const start = { tenant, name, input, projectId, id, startedBy, notify: keyId === null };
      return inTransaction(dataSource, (manager) => startRun(deps, manager, start, repeatable));
    },
    async find(caller, id) {
      await authorize(caller, rooms.workflow(id));
      return read(deps, { tenant: caller.tenant, id });
    },
    list: (caller, page) => list(deps, caller, page),
    async cancel(caller, id) {
      await authorize(caller, rooms.workflow(id));
      const run = { tenant: caller.tenant, id };
      return inTransaction(dataSource, async (manager) => {
        const row = (await store.lockRun(manager, run)) ?? notFound();
        if (!(await mayCancel(deps, manager, caller, row))) {
          throw new RoomcastError(
            'forbidden',
            'A run is cancelled by its starter, its project’s owner or a publisher.',
          );
        }
        return cancelRun(deps, manager, row, caller.userId);
      });
    },
    stop: (run, by) =>
      inTransaction(dataSource, async (manager) => {
        const row = (await store.lockRun(manager, run)) ?? notFound();
        return cancelRun(deps, manager, row, by);
      }),
    read: (run) => read(deps, run),
    startIn: (manager, start) => startRun(deps, manager, start, false),
    async kept(tenant, ids) {
      const runs = ids.map((id) => ({ tenant, id }));
      return (await store.keptRuns(dataSource.manager, runs)).map(({ id }) => id);
    },
  };
}

async function startRun(
  { definitions, queue, workers }: WorkflowsDeps,
  manager: EntityManager,
  start: Start,
  repeatable: boolean,
): Promise<Workflow> {
  const definition = definitions.get(start.name);
  if (!definition || !queue) throw unknownName([...definitions.keys()]);
  const input = parseAsJson(definition, start.input);
  const row = startedRow({ ...start, input, id: start.id ?? newId(), priority: start.priority ?? definition.priority });
  if (!(await store.insertRun(manager, row))) {
    const there = repeatable ? await store.findRun(manager, row) : null;
    if (there && sameStart(there, row, await store.readInput(manager, row))) return workflowOf(there);
    throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
  }
  await queue.put(manager, row);
  onCommit(manager, () => workers()?.wake(row.name));
  return workflowOf(row);
}

/** The input as it is kept; the schema says whether it can be worked on. */
function parseAsJson({ input: schema }: WorkflowDefinition, input: unknown): unknown {
  const json = JSON.stringify(input) as string | undefined;
  const kept: unknown = json === undefined ? null : JSON.parse(json);
  parseInput(schema, json === undefined ? undefined : kept, 'input');
  return kept;
}

function unknownName(names: readonly string[]): RoomcastError {
  const message =
    names.length > 0
      ? `takes the name of a workflow: ${names.join(', ')}`
      : 'names no workflow: this server executes none; other engines tell of their runs by POST /workflows/:id/progress';
  return new RoomcastError('bad_request', `name: ${message}`, { issues: [{ path: 'name', message }] });
}

async function list(
  deps: WorkflowsDeps,
  caller: Principal,
  {
    projectId,
    status,
    limit,
    after,
  }: ListRequest & { projectId?: string | undefined; status?: WorkflowStatus | undefined },
): Promise<ListPage<Workflow>> {
  const items: Workflow[] = [];
  let next = after;
  for (let pass = 0; pass < PASSES && items.length < limit; pass++) {
    const request = { limit: limit - items.length, after: next };
    const page = await store.listRuns(deps.dataSource.manager, { tenant: caller.tenant, projectId, status }, request);
    const names = page.items.map(({ id }) => rooms.workflow(id));
    const enterable = await deps.enterable(caller, names);
    items.push(...page.items.filter(({ id }) => enterable.has(rooms.workflow(id))).map(workflowOf));
    next = page.next;
    if (next === null) break;
  }
  return { items, next };
}

async function read({ dataSource }: WorkflowsDeps, run: RunKey): Promise<Workflow> {
  return workflowOf((await store.findRun(dataSource.manager, run)) ?? notFound());
}

async function mayCancel(
  { ownerOf }: WorkflowsDeps,
  manager: EntityManager,
  caller: Principal,
  { startedBy, projectId, tenant }: store.Run,
): Promise<boolean> {
  if (startedBy === caller.userId || isPublisher(caller)) return true;
  return projectId !== null && (await ownerOf(manager, tenant, projectId)) === caller.userId;
}

/** The row is locked: what happens to the run at the same moment comes before or after. */
async function cancelRun(
  { events, workers }: WorkflowsDeps,
  manager: EntityManager,
  row: store.Run,
  by: string,
): Promise<Workflow> {
  if (row.status === 'queued') {
    const ended = { ...row, status: 'cancelled' as const, finishedAt: new Date() };
    await store.cancelWaiting(manager, row);
    await events.ended(manager, ended);
    return workflowOf(ended);
  }
  if (row.status !== 'running') return workflowOf(row);
  const cancelling = { ...row, status: 'cancelling' as const };
  await store.requestCancel(manager, row);
  await events.progress(manager, cancelling, { logs: [`Cancelling was requested by ${by}.`] });
  onCommit(manager, () => workers()?.cancelled(row));
  return workflowOf(cancelling);
}

function workflowOf(row: store.Run): Workflow {
  return {
    id: row.id,
    name: row.name,
    project_id: row.projectId,
    status: row.status,
    progress: row.progress,
    current_step: row.currentStep,
    total_steps: row.totalSteps,
    attempt: row.attempt,
    result: row.result ?? null,
    error: row.error,
    started_by: row.startedBy,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

function notFound(): never {
  throw new RoomcastError('not_found');
}
