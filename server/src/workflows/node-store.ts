// The statements about the nodes that execute runs. A node lives as long as its row says; the row is only renewed while
// there is something to execute, so a server without work writes nothing.
import type { DataSource, EntityManager } from 'typeorm';
import type { ProcessIdentity } from '../storage/embedded/process-identity.js';
import { query } from '../storage/query.js';
import type { AttemptKey } from './attempt-store.js';
import type { WorkflowStatus } from './workflow-entity.js';

/** How long a node is believed to live after its last sign. */
const LEASE_SECONDS = 10;

/** The process of a node, and where its pid means something. */
export interface NodeProcess extends ProcessIdentity {
  /** Host name and namespace of pids; null where they are not told apart. */
  readonly place: string | null;
}

const RENEW = `insert into workflow_nodes (node, process, alive_until)
  values ($1::uuid, $2::json, now() + ${String(LEASE_SECONDS)} * interval '1 s')
  on conflict (node) do update set alive_until = excluded.alive_until`;

export async function renewNode(manager: EntityManager, node: string, process: NodeProcess): Promise<void> {
  await query(manager, RENEW, [node, JSON.stringify(process)]);
}

/** An attempt that a node executes, as the table knows it. */
export interface HeldAttempt extends AttemptKey {
  readonly status: WorkflowStatus;
}

/** The node's sign of life. @returns the attempts that it executes */
export async function pulse(on: DataSource, node: string, process: NodeProcess): Promise<HeldAttempt[]> {
  return query(
    on,
    `with renewed as (${RENEW})
     select tenant, id, attempt, status from workflows where node = $1::uuid and status in ('running', 'cancelling')`,
    [node, JSON.stringify(process)],
  );
}

/** Attempts of nodes that are not believed to live, and those that this node is said to execute. */
export async function attemptsWithoutNode(on: DataSource, self: string): Promise<(AttemptKey & { own: boolean })[]> {
  return query(
    on,
    `select w.tenant, w.id, w.attempt, w.node is not distinct from $1::uuid as own from workflows w
     where w.status in ('running', 'cancelling') and (w.node is not distinct from $1::uuid
       or not exists (select 1 from workflow_nodes n where n.node = w.node and n.alive_until > now()))`,
    [self],
  );
}

export async function otherNodes(on: DataSource, self: string): Promise<{ node: string; process: NodeProcess }[]> {
  return query(on, 'select node, process from workflow_nodes where node <> $1::uuid', [self]);
}

export async function removeNodes(on: DataSource | EntityManager, nodes: readonly string[]): Promise<void> {
  await query(on, 'delete from workflow_nodes where node = any ($1::uuid[])', [nodes]);
}

/** Nodes that have given no sign for so long that nobody asks for them any more. */
export async function removeOldNodes(on: DataSource): Promise<void> {
  await query(on, `delete from workflow_nodes where alive_until < now() - interval '1 day'`);
}

/** Of these workflows, those with a run whose time has come. */
export async function dueNames(on: DataSource, names: readonly string[]): Promise<string[]> {
  const rows = await query<{ name: string }>(
    on,
    `select n.name from unnest($1::text[]) n (name)
     where exists (select 1 from workflows w where w.name = n.name and w.status = 'queued' and w.due_at <= now())`,
    [names],
  );
  return rows.map(({ name }) => name);
}
