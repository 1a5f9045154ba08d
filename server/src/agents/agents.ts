// Agents and their status, as publishers tell it. The newest status counts; it and its event are one transaction.
import type { BuiltInCatalogue } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Principal } from '../identity/principal.js';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { AgentRow } from './agent-entity.js';
import * as store from './agent-store.js';

/** An agent as callers see it. */
export interface Agent {
  id: string;
  agent_name: string;
  status: string;
  availability: number;
  metadata: Record<string, unknown>;
  updated_at: string;
}

export interface AgentStatusInput {
  agent_name: string;
  status: string;
  /** Percent. */
  availability: number;
  /** Left as it was when absent. */
  metadata?: Record<string, unknown> | undefined;
}

export interface Agents {
  /** Tells an agent's status; an agent that was not known is known from now on. The caller must be a publisher. */
  setStatus(caller: Pick<Principal, 'tenant' | 'userId'>, id: string, input: AgentStatusInput): Promise<Agent>;
  /** The tenant's agents, the one first heard of last coming first. */
  list(caller: Principal, page: ListRequest): Promise<ListPage<Agent>>;
}

export interface AgentsDeps {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
}

export function createAgents({ dataSource, broadcaster }: AgentsDeps): Agents {
  return {
    async setStatus({ tenant, userId }, id, { agent_name: name, status, availability, metadata }) {
      const told = { tenant, id, name, status, availability, metadata, updatedAt: new Date() };
      return inTransaction(dataSource, async (manager) => {
        const agent = agentOf({ ...told, metadata: await store.upsertAgent(manager, told) });
        const { id: agent_id, updated_at: _, ...data } = agent;
        await broadcaster.in(manager).emit('agent.status_changed', { agent_id, ...data }, { tenant, caller: userId });
        return agent;
      });
    },

    async list({ tenant }, page) {
      return mapListPage(await store.listAgents(dataSource.manager, tenant, page), agentOf);
    },
  };
}

function agentOf(row: Omit<AgentRow, 'createdAt'>): Agent {
  return {
    id: row.id,
    agent_name: row.name,
    status: row.status,
    availability: row.availability,
    metadata: row.metadata,
    updated_at: row.updatedAt.toISOString(),
  };
}
