// Progress of the four long operations of a project, and their ends.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';
import { percent } from './workflow.js';

const audience = (data: { project_id: string }) => [rooms.project(data.project_id)];
const count = z.int().nonnegative();
const stage = z.object({ project_id: id, status: z.string(), progress: percent, message: z.string() });

export const rcAnalysisProgress = defineEvent({
  name: 'rc_analysis.progress',
  class: 'state',
  key: 'project_id',
  data: stage,
  rooms: audience,
  example: { project_id: '42', status: 'analyzing', progress: 30, message: 'Reading page 3' },
  summary: 'How far the analysis of a project’s requirements is.',
});

export const matchingProgress = defineEvent({
  name: 'matching.progress',
  class: 'state',
  key: 'project_id',
  data: z.object({
    project_id: id,
    current_requirement: z.string(),
    requirements_completed: count,
    requirements_total: count,
    progress: percent,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    current_requirement: 'Encryption at rest',
    requirements_completed: 3,
    requirements_total: 12,
    progress: 25,
  },
  summary: 'How far the matching of requirements with content is.',
});

export const generationProgress = defineEvent({
  name: 'generation.progress',
  class: 'state',
  key: 'project_id',
  data: z.object({
    project_id: id,
    current_section: z.string(),
    sections_completed: count,
    sections_total: count,
    progress: percent,
    quality_score: optional(z.number()),
  }),
  rooms: audience,
  example: { project_id: '42', current_section: 'Security', sections_completed: 1, sections_total: 4, progress: 25 },
  summary: 'How far the writing of sections is.',
});

export const documentGenerationProgress = defineEvent({
  name: 'document_generation.progress',
  class: 'state',
  key: 'project_id',
  data: stage,
  rooms: audience,
  example: { project_id: '42', status: 'rendering', progress: 80, message: 'Writing the table of contents' },
  summary: 'How far the building of the document is.',
});

export const operationFailed = defineEvent({
  name: 'operation.failed',
  class: 'durable',
  data: z.object({ project_id: id, operation: z.string(), error: z.string() }),
  rooms: audience,
  example: { project_id: '42', operation: 'matching', error: 'The content library is empty.' },
  summary: 'A long operation of a project failed.',
});

export const operationCompleted = defineEvent({
  name: 'operation.completed',
  class: 'durable',
  data: z.object({ project_id: id, operation: z.string(), result: optional(z.unknown()) }),
  rooms: audience,
  example: { project_id: '42', operation: 'matching', result: { matched: 11 } },
  summary: 'A long operation of a project ended well.',
});
