// Long work: starting a run, asking how far it is, asking it to stop. A run looks the same here and over HTTP.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { percent, runFailure } from '../events/workflow.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

export const workflowStatus = z.enum(['queued', 'running', 'cancelling', 'completed', 'failed', 'cancelled']);

/** A run as callers see it; what there is not is null. */
export const workflow = z.object({
  id,
  name: z.string(),
  project_id: id.nullable(),
  status: workflowStatus,
  progress: percent,
  current_step: z.string(),
  total_steps: z.int().nonnegative(),
  /** Counts the times that it was begun; 0 while it waits for the first. */
  attempt: z.int().nonnegative(),
  result: z.unknown(),
  error: runFailure.nullable(),
  started_by: z.string(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
});

export const newWorkflow = z.object({
  name: z.string(),
  input: z.unknown(),
  project_id: optional(id),
  id: optional(id),
});

const which = z.object({ workflow_id: id });
const ack = z.object({ workflow });

export const workflowStart = defineCommand({
  name: 'workflow.start',
  payload: newWorkflow,
  ack,
  errors: ['not_found', 'forbidden', 'conflict'],
  example: { name: 'analysis', input: { pages: 12 }, project_id: '42', id: 'wf-7' },
  summary: 'Starts a run of a workflow. With an id it may be repeated: the same start is the same run.',
});

export const workflowCancel = defineCommand({
  name: 'workflow.cancel',
  payload: which,
  ack,
  errors: ['not_found', 'forbidden'],
  example: { workflow_id: 'wf-7' },
  summary: 'Asks a run to stop: its starter, its project’s owner, publishers. What has ended stays as it is.',
});

export const workflowStatusCommand = defineCommand({
  name: 'workflow.status',
  payload: which,
  ack,
  errors: ['not_found', 'forbidden'],
  example: { workflow_id: 'wf-7' },
  summary: 'Tells how far a run is.',
});
