// What AI suggested about a thing of a project.
import { EntitySchema } from 'typeorm';

export interface SuggestionRow {
  tenant: string;
  id: string;
  projectId: string;
  targetType: string;
  targetId: string;
  category: string;
  title: string;
  description: string;
  severity: 'info' | 'warning' | 'error' | 'critical';
  /** From 0 to 1. */
  confidence: number;
  suggestedAction: string | null;
  metadata: Record<string, unknown>;
  createdAt: Date;
}

export const SuggestionEntity = new EntitySchema<SuggestionRow>({
  name: 'suggestion',
  tableName: 'suggestions',
  columns: {
    tenant: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    projectId: { type: 'text', name: 'project_id' },
    targetType: { type: 'text', name: 'target_type' },
    targetId: { type: 'text', name: 'target_id' },
    category: { type: 'text' },
    title: { type: 'text' },
    description: { type: 'text' },
    severity: { type: 'text' },
    confidence: { type: 'double precision' },
    suggestedAction: { type: 'text', name: 'suggested_action', nullable: true },
    metadata: { type: 'jsonb' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
  },
});
