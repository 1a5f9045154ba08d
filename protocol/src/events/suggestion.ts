// Suggestions that AI makes about things of a project.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

export const aiSuggestion = defineEvent({
  name: 'ai.suggestion',
  class: 'durable',
  data: z.object({
    suggestion_id: id,
    target_type: z.string(),
    target_id: z.string(),
    category: z.string(),
    title: z.string(),
    description: z.string(),
    severity: z.enum(['info', 'warning', 'error', 'critical']).default('info'),
    confidence: z.number().min(0).max(1).default(0.5),
    suggested_action: optional(z.string()),
    metadata: z.record(z.string(), z.unknown()).default({}),
    project_id: id,
  }),
  rooms: (data) => [rooms.project(data.project_id)],
  example: {
    suggestion_id: 's-1',
    target_type: 'pr',
    target_id: '1347',
    category: 'performance',
    title: 'Cache the parsed schema',
    description: 'The schema is parsed for each request.',
    severity: 'info',
    confidence: 0.8,
    project_id: '42',
  },
  summary: 'AI suggests something about a thing of a project.',
});
