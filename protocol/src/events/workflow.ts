// One run of a workflow: its start, its progress, its one end.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

const audience = (data: { workflow_id: string; project_id?: string | undefined }) => [
  rooms.workflow(data.workflow_id),
  ...(data.project_id === undefined ? [] : [rooms.project(data.project_id)]),
  rooms.global,
];

const run = z.object({ workflow_id: id, name: z.string(), project_id: optional(id), status: z.string() });
/** Why a run ended as it did. */
export const runFailure = z.object({ code: z.string(), message: z.string() });
const example = { workflow_id: 'wf-7', name: 'analysis', project_id: '42' };

/** A percentage of work done. */
export const percent = z.number().min(0).max(100);

export const workflowStarted = defineEvent({
  name: 'workflow.started',
  class: 'durable',
  data: run,
  rooms: audience,
  example: { ...example, status: 'running' },
  summary: 'A run began.',
});

export const workflowCompleted = defineEvent({
  name: 'workflow.completed',
  class: 'durable',
  data: run.extend({ result: optional(z.unknown()) }),
  rooms: audience,
  example: { ...example, status: 'completed', result: { pages: 12 } },
  summary: 'A run ended well.',
});

export const workflowFailed = defineEvent({
  name: 'workflow.failed',
  class: 'durable',
  data: run.extend({ error: optional(runFailure) }),
  rooms: audience,
  example: { ...example, status: 'failed', error: { code: 'timeout', message: 'The run took too long.' } },
  summary: 'A run ended with an error.',
});

export const workflowCancelled = defineEvent({
  name: 'workflow.cancelled',
  class: 'durable',
  data: run.extend({ error: optional(runFailure) }),
  rooms: audience,
  example: { ...example, status: 'cancelled' },
  summary: 'A run was cancelled.',
});

export const workflowProgress = defineEvent({
  name: 'workflow.progress',
  class: 'state',
  key: 'workflow_id',
  endedBy: ['workflow.completed', 'workflow.failed', 'workflow.cancelled'],
  data: z.object({
    workflow_id: id,
    project_id: optional(id),
    status: z.string(),
    progress: percent,
    current_step: z.string(),
    total_steps: z.int().nonnegative(),
    logs: z.array(z.string().max(1000)).max(100).default([]),
    attempt: optional(z.int().positive()),
    eta_seconds: optional(z.number().nonnegative()),
  }),
  rooms: audience,
  example: {
    workflow_id: 'wf-7',
    project_id: '42',
    status: 'running',
    progress: 40,
    current_step: 'match',
    total_steps: 5,
    logs: ['Executing: match'],
    attempt: 1,
  },
  summary: 'How far a run is; the newest value counts.',
});
