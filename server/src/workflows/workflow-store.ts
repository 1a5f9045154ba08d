// The statements about runs, as their starters, watchers and cancellers need them.
import type { EntityManager } from 'typeorm';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { query, type Query } from '../storage/query.js';
import { WorkflowEntity, type RunKey, type WorkflowRow, type WorkflowStatus } from './workflow-entity.js';

/** What a run is started with; everything else of it is as it is in the beginning. */
export type NewRun = Pick<
  WorkflowRow,
  'tenant' | 'id' | 'name' | 'projectId' | 'priority' | 'input' | 'startedBy' | 'notify' | 'createdAt'
>;

/** Without its input, which may be large. */
export type Run = Omit<WorkflowRow, 'input'>;

/** Also in a transaction of a data source that knows no entities of the platform. @returns false when the id is taken */
export async function insertRun(manager: EntityManager, row: NewRun): Promise<boolean> {
  const inserted = await query(
    manager,
    `insert into workflows (tenant, id, name, project_id, priority, input, started_by, notify, created_at, due_at)
     values ($1, $2, $3, $4, $5, $6::json, $7, $8, $9, $9) on conflict do nothing returning id`,
    [
      row.tenant,
      row.id,
      row.name,
      row.projectId,
      row.priority,
      JSON.stringify(row.input),
      row.startedBy,
      row.notify,
      row.createdAt,
    ],
  );
  return inserted.length === 1;
}

export async function findRun(manager: EntityManager, { tenant, id }: RunKey): Promise<Run | null> {
  return manager.findOneBy(WorkflowEntity, { tenant, id });
}

/** Until the transaction ends, nobody else changes the row. */
export async function lockRun(manager: EntityManager, { tenant, id }: RunKey): Promise<Run | null> {
  return manager.findOne(WorkflowEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } });
}

/** What a run was started with. */
export async function readInput(manager: EntityManager, { tenant, id }: RunKey): Promise<unknown> {
  const rows = await query<{ input: unknown }>(manager, 'select input from workflows where tenant = $1 and id = $2', [
    tenant,
    id,
  ]);
  return rows[0]?.input;
}

export interface RunFilter {
  readonly tenant: string;
  readonly projectId: string | undefined;
  readonly status: WorkflowStatus | undefined;
}

export async function listRuns(
  manager: EntityManager,
  { tenant, projectId, status }: RunFilter,
  page: ListRequest,
): Promise<ListPage<Run>> {
  const which = {
    tenant,
    ...(projectId === undefined ? {} : { projectId }),
    ...(status === undefined ? {} : { status }),
  };
  return readListPage(manager.createQueryBuilder(WorkflowEntity, 'workflow').where(which), page);
}

/** A run that waits ends at once; the row is locked. */
export async function cancelWaiting(manager: EntityManager, { tenant, id }: RunKey): Promise<void> {
  await query(manager, `update workflows set status = 'cancelled', finished_at = now() where tenant = $1 and id = $2`, [
    tenant,
    id,
  ]);
}

/** Whoever executes the run is to stop; the row is locked. */
export async function requestCancel(manager: EntityManager, { tenant, id }: RunKey): Promise<void> {
  await query(manager, `update workflows set status = 'cancelling' where tenant = $1 and id = $2`, [tenant, id]);
}

/** Which of these runs the platform keeps. */
export async function keptRuns(manager: EntityManager, runs: readonly RunKey[]): Promise<RunKey[]> {
  if (runs.length === 0) return [];
  return query(
    manager,
    'select tenant, id from workflows join unnest($1::text[], $2::text[]) a (tenant, id) using (tenant, id)',
    [runs.map(({ tenant }) => tenant), runs.map(({ id }) => id)],
  );
}

/** Whose a run is. */
export interface RunOwners extends RunKey {
  readonly projectId: string | null;
  readonly startedBy: string;
}

/** Of these runs, those that the platform keeps. @param read reads in the snapshot that the answer is true of */
export async function ownersOf(read: Query, runs: readonly RunKey[]): Promise<RunOwners[]> {
  return read<RunOwners>(
    `select w.tenant, w.id, w.project_id as "projectId", w.started_by as "startedBy" from workflows w
     join (select distinct * from unnest($1::text[], $2::text[]) a (tenant, id)) a using (tenant, id)`,
    [runs.map(({ tenant }) => tenant), runs.map(({ id }) => id)],
  );
}
