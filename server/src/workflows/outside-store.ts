// The statements about runs that other engines execute. Of those the platform knows no more than the newest attempt that
// has told of itself, and what stands in the log.
import { rooms, TENANT_STREAM } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { streamKey } from '../events/log-row.js';
import { query } from '../storage/query.js';
import { RUN } from './attempt-store.js';
import type { RunKey } from './workflow-entity.js';
import type { Run } from './workflow-store.js';

/** What somebody outside tells of a run. */
export interface OutsideReport extends RunKey {
  /** Null: it does not say. */
  readonly attempt: number | null;
  readonly progress: number;
  readonly currentStep: string;
  readonly totalSteps: number;
}

/** Of these reports, writes those about runs that are executed here, of the attempt that is. @returns their runs */
export async function reportKept(manager: EntityManager, reports: readonly OutsideReport[]): Promise<Run[]> {
  return query(
    manager,
    `update workflows w set progress = r.progress, current_step = r.current_step, total_steps = r.total_steps
     from unnest($1::text[], $2::text[], $3::int[], $4::float8[], $5::text[], $6::int[])
       r (tenant, id, attempt, progress, current_step, total_steps)
     where w.tenant = r.tenant and w.id = r.id and w.attempt = coalesce(r.attempt, w.attempt)
       and w.status in ('running', 'cancelling')
     returning ${RUN}`,
    [
      reports.map(({ tenant }) => tenant),
      reports.map(({ id }) => id),
      reports.map(({ attempt }) => attempt),
      reports.map(({ progress }) => progress),
      reports.map(({ currentStep }) => currentStep),
      reports.map(({ totalSteps }) => totalSteps),
    ],
  );
}

/** How a run of another engine has ended: for good, or so that a newer attempt may go on. */
export interface OverRun extends RunKey {
  readonly finally: boolean;
  /** The newest attempt that has told of itself. */
  readonly attempt: number | null;
}

/** Runs whose newest event is their end. */
export async function overRuns(manager: EntityManager, runs: readonly RunKey[]): Promise<OverRun[]> {
  return query(
    manager,
    `select r.tenant, r.id, f.attempt, newest.event <> 'workflow.failed' as "finally"
     from unnest($1::text[], $2::text[], $3::text[], $4::text[]) r (tenant, id, stream, room)
     left join workflow_fences f on f.tenant = r.tenant and f.workflow_id = r.id
     cross join lateral (
       select e.event from event_rooms x join events e on e.stream = x.stream and e."offset" = x."offset"
       where x.stream = r.stream and x.room = r.room and e.event like 'workflow.%' order by x."offset" desc limit 1) newest
     where newest.event = any ($5::text[])`,
    [
      runs.map(({ tenant }) => tenant),
      runs.map(({ id }) => id),
      runs.map(({ tenant }) => streamKey(tenant, TENANT_STREAM)),
      runs.map(({ id }) => rooms.workflow(id)),
      ['workflow.completed', 'workflow.failed', 'workflow.cancelled'],
    ],
  );
}

/** Notes the newest attempts of runs. @returns the runs of which no newer one was noted before */
export async function raiseFences(
  manager: EntityManager,
  runs: readonly (RunKey & { attempt: number })[],
): Promise<RunKey[]> {
  // In one order everywhere, so that two nodes never wait for each other's rows.
  return query(
    manager,
    `insert into workflow_fences as f (tenant, workflow_id, attempt)
     select tenant, id, attempt from unnest($1::text[], $2::text[], $3::int[]) r (tenant, id, attempt) order by tenant, id
     on conflict (tenant, workflow_id) do update set attempt = excluded.attempt, updated_at = now()
     where f.attempt <= excluded.attempt
     returning f.tenant, f.workflow_id as id`,
    [runs.map(({ tenant }) => tenant), runs.map(({ id }) => id), runs.map(({ attempt }) => attempt)],
  );
}

/** Attempts that nobody asks for any more. */
export async function removeOldFences(on: DataSource): Promise<void> {
  await query(on, `delete from workflow_fences where updated_at < now() - interval '30 days'`);
}
