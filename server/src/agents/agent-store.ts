// The statements about agents.
import type { EntityManager } from 'typeorm';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { query } from '../storage/query.js';
import { AgentEntity, type AgentRow } from './agent-entity.js';

/** What is told of an agent; metadata that is absent stays what it was. */
export type AgentStatus = Omit<AgentRow, 'createdAt' | 'metadata'> & { metadata?: AgentRow['metadata'] | undefined };

const upsert = `
insert into agents as known (tenant, id, name, status, availability, metadata, created_at, updated_at)
values ($1, $2, $3, $4, $5, coalesce($6::jsonb, '{}'), $7, $7)
on conflict (tenant, id) do update set name = excluded.name, status = excluded.status,
  availability = excluded.availability, metadata = coalesce($6::jsonb, known.metadata), updated_at = excluded.updated_at
returning metadata`;

/** Makes or changes the agent. Until the transaction ends, nobody else changes it. @returns its metadata now */
export async function upsertAgent(manager: EntityManager, told: AgentStatus): Promise<AgentRow['metadata']> {
  const metadata = told.metadata === undefined ? null : JSON.stringify(told.metadata);
  const { tenant, id, name, status, availability, updatedAt } = told;
  const values = [tenant, id, name, status, availability, metadata, updatedAt];
  const [row] = await query<Pick<AgentRow, 'metadata'>>(manager, upsert, values);
  if (!row) throw new Error('an upsert answered no row');
  return row.metadata;
}

export async function listAgents(
  manager: EntityManager,
  tenant: string,
  page: ListRequest,
): Promise<ListPage<AgentRow>> {
  return readListPage(manager.createQueryBuilder(AgentEntity, 'agent').where({ tenant }), page);
}
