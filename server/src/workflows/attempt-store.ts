// The statements of those who execute runs. Each that speaks for an attempt names its number, and changes nothing once
// that attempt is over: the check and the change are one statement under the row's lock, so of two that come at the same
// moment one is first, for everybody.
import type { DataSource, EntityManager } from 'typeorm';
import { query } from '../storage/query.js';
import type { Run } from './workflow-store.js';
import type { RunKey } from './workflow-entity.js';

/** An attempt of a run: what is fenced. */
export interface AttemptKey extends RunKey {
  readonly attempt: number;
}

/** One text for one attempt. */
export function attemptName({ tenant, id, attempt }: AttemptKey): string {
  return `${tenant}/${id}/${attempt}`;
}

export const RUN = `w.tenant, w.id, w.name, w.project_id as "projectId", w.status, w.priority, w.result, w.error, w.progress,
  w.current_step as "currentStep", w.total_steps as "totalSteps", w.attempt, w.failures, w.losses, w.node,
  w.due_at as "dueAt", w.started_by as "startedBy", w.notify, w.created_at as "createdAt", w.started_at as "startedAt",
  w.finished_at as "finishedAt"`;
const HELD = `w.tenant = $1 and w.id = $2 and w.attempt = $3 and w.status in ('running', 'cancelling')`;

/** Until the transaction ends nobody else begins runs of this workflow. @returns how many run now */
export async function lockName(manager: EntityManager, name: string): Promise<number> {
  await query(manager, 'select pg_advisory_xact_lock(hashtextextended($1, 0))', [`roomcast workflow ${name}`]);
  const [row] = await query<{ running: number }>(
    manager,
    `select count(*)::int as running from workflows where name = $1 and status in ('running', 'cancelling')`,
    [name],
  );
  return row?.running ?? 0;
}

/** Waiting runs whose jobs the queue does not have: the table is the truth, so they are begun all the same. */
export async function overdueRuns(manager: EntityManager, name: string, most: number): Promise<RunKey[]> {
  return query(
    manager,
    `select tenant, id from workflows where name = $1 and status = 'queued' and due_at < now() - interval '10 s'
     order by priority desc, created_at limit $2`,
    [name, most],
  );
}

/** Begins an attempt of each of these runs that waits; others are left out. `startedAt` is null in a first attempt. */
export async function beginAttempts(
  manager: EntityManager,
  runs: readonly RunKey[],
  { node, totalSteps }: { node: string; totalSteps: number },
): Promise<Run[]> {
  return query(
    manager,
    `with begun as (
       select w.tenant, w.id, w.started_at from workflows w
       join unnest($1::text[], $2::text[]) a (tenant, id) using (tenant, id) where w.status = 'queued' for update of w),
     share as (
       select b.*, (select count(*)::int from workflow_steps s where s.tenant = b.tenant and s.workflow_id = b.id) as done
       from begun b)
     update workflows w set status = 'running', attempt = w.attempt + 1, node = $3::uuid, current_step = '', error = null,
       started_at = coalesce(w.started_at, now()), total_steps = $4::int,
       progress = case when $4 > 0 then least(100, round(100.0 * s.done / $4, 2)) else 0 end
     from share s where w.tenant = s.tenant and w.id = s.id
     returning ${RUN.replace('w.started_at', 's.started_at')}`,
    [runs.map(({ tenant }) => tenant), runs.map(({ id }) => id), node, totalSteps],
  );
}

/** How far an attempt is. */
export interface Reported {
  readonly key: AttemptKey;
  readonly progress: number;
  readonly currentStep: string;
  readonly totalSteps: number;
}

/** Writes how far attempts are. @returns their runs; an attempt that is over is left out */
export async function report(manager: EntityManager, reports: readonly Reported[]): Promise<Run[]> {
  return query(
    manager,
    `update workflows w set progress = r.progress, current_step = r.current_step, total_steps = r.total_steps
     from unnest($1::text[], $2::text[], $3::int[], $4::float8[], $5::text[], $6::int[])
       r (tenant, id, attempt, progress, current_step, total_steps)
     where w.tenant = r.tenant and w.id = r.id and w.attempt = r.attempt and w.status in ('running', 'cancelling')
     returning ${RUN}`,
    [
      reports.map(({ key }) => key.tenant),
      reports.map(({ key }) => key.id),
      reports.map(({ key }) => key.attempt),
      reports.map(({ progress }) => progress),
      reports.map(({ currentStep }) => currentStep),
      reports.map(({ totalSteps }) => totalSteps),
    ],
  );
}

/** Until the transaction ends, this attempt is not over. @returns its run, or null when it is over already */
export async function holdAttempt(manager: EntityManager, key: AttemptKey): Promise<Run | null> {
  const [run] = await query<Run>(manager, `select ${RUN} from workflows w where ${HELD} for share`, keyOf(key));
  return run ?? null;
}

/** The names of the steps that are finished. */
export async function finishedSteps(on: DataSource, { tenant, id }: RunKey): Promise<Set<string>> {
  const rows = await query<{ name: string }>(
    on,
    'select name from workflow_steps where tenant = $1 and workflow_id = $2',
    [tenant, id],
  );
  return new Set(rows.map(({ name }) => name));
}

/** What a finished step has left, in the type that its work has: it was that before it became JSON. Nothing is null. */
export async function readStep<Result>(on: DataSource, { tenant, id }: RunKey, name: string): Promise<Result> {
  const [row] = await query<{ result: Result }>(
    on,
    'select result from workflow_steps where tenant = $1 and workflow_id = $2 and name = $3',
    [tenant, id, name],
  );
  if (!row) throw new Error(`the step "${name}" is not finished`);
  return row.result;
}

/** Keeps what a step has left, as JSON or null for nothing. @returns false when the attempt is over */
export async function rememberStep(
  on: DataSource,
  key: AttemptKey,
  { name, result }: { name: string; result: string | null },
): Promise<boolean> {
  const rows = await query(
    on,
    `with held as (select 1 from workflows w where ${HELD} for share),
     kept as (
       insert into workflow_steps (tenant, workflow_id, name, result, attempt)
       select $1, $2, $4, $5::json, $3 from held on conflict do nothing)
     select 1 from held`,
    [...keyOf(key), name, result],
  );
  return rows.length === 1;
}

/** How an attempt has ended by itself. `retry`: whether another one follows a failure. */
export type Ending =
  | { readonly kind: 'done'; readonly result: string | null }
  | { readonly kind: 'failed'; readonly error: string; readonly retryMs: number | null };

/**
 * Ends an attempt. Where the run was told to stop it is cancelled, whatever the attempt has come to.
 * @param unfinished what is told of a cancelled run whose work did not stop; null when it did
 * @returns the run as it is now, or null when the attempt was over already
 */
export async function endAttempt(
  manager: EntityManager,
  key: AttemptKey,
  ending: Ending,
  unfinished: string | null,
): Promise<Run | null> {
  const done = ending.kind === 'done';
  const retryMs = done ? null : ending.retryMs;
  const next = done ? 'completed' : retryMs === null ? 'failed' : 'queued';
  const [run] = await query<Run>(
    manager,
    `update workflows w set
       status = case w.status when 'cancelling' then 'cancelled' else $4 end,
       result = case w.status when 'cancelling' then null else $5::json end,
       error = case w.status when 'cancelling' then $7::json else $6::json end,
       progress = case when $4 = 'completed' and w.status = 'running' then 100 else w.progress end,
       failures = w.failures + case when $4 <> 'completed' and w.status = 'running' then 1 else 0 end,
       due_at = now() + coalesce($8::float8, 0) * interval '1 ms',
       finished_at = case when $4 = 'queued' and w.status = 'running' then null else now() end,
       node = null
     where ${HELD} returning ${RUN}`,
    [...keyOf(key), next, done ? ending.result : null, done ? null : ending.error, unfinished, retryMs],
  );
  return run ?? null;
}

/** A run has ended: its steps are not needed any more. */
export async function forgetSteps(manager: EntityManager, { tenant, id }: RunKey): Promise<void> {
  await query(manager, 'delete from workflow_steps where tenant = $1 and workflow_id = $2', [tenant, id]);
}

/** Whether nobody is changing the run just now, so that whoever does so next need not wait. */
export async function lockIfFree(manager: EntityManager, key: AttemptKey): Promise<boolean> {
  const rows = await query(manager, `select 1 from workflows w where ${HELD} for update skip locked`, keyOf(key));
  return rows.length === 1;
}

/**
 * Takes an attempt away from a node that cannot end it: the run waits again, or has ended where it was told to stop.
 * @param loss what becomes of a run whose nodes have died too often; null when the node is not dead, but lets go
 * @returns the run as it is now, or null when the attempt was over already
 */
export async function releaseAttempt(
  manager: EntityManager,
  key: AttemptKey,
  loss: { readonly most: number; readonly error: string } | null,
): Promise<Run | null> {
  const [run] = await query<Run>(
    manager,
    `update workflows w set
       status = case when w.status = 'cancelling' then 'cancelled' when w.losses + $6::int >= $4::int then 'failed' else 'queued' end,
       error = case when w.status = 'running' and w.losses + $6::int >= $4::int then $5::json end,
       losses = w.losses + $6::int, node = null, due_at = now(),
       finished_at = case when w.status = 'cancelling' or w.losses + $6::int >= $4::int then now() end
     where ${HELD} returning ${RUN}`,
    [...keyOf(key), loss?.most ?? 2_147_483_647, loss?.error ?? null, loss ? 1 : 0],
  );
  return run ?? null;
}

function keyOf({ tenant, id, attempt }: AttemptKey): [string, string, number] {
  return [tenant, id, attempt];
}
