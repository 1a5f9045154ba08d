// The last status that was told of an agent.
import { EntitySchema } from 'typeorm';

export interface AgentRow {
  tenant: string;
  id: string;
  name: string;
  status: string;
  /** Percent: how much more work the agent takes. */
  availability: number;
  metadata: Record<string, unknown>;
  /** When the agent was first heard of. */
  createdAt: Date;
  updatedAt: Date;
}

export const AgentEntity = new EntitySchema<AgentRow>({
  name: 'agent',
  tableName: 'agents',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    name: { type: 'text' },
    status: { type: 'text' },
    availability: { type: 'double precision' },
    metadata: { type: 'jsonb' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
  },
});
