// Emitting an event by command or over HTTP: the same input, the same receipt.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

export const emitPayload = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()),
  id: optional(id),
});

export const receipt = z.object({
  id: z.string(),
  stream: z.string().optional(),
  offset: z.int().positive().optional(),
  epoch: z.string().optional(),
  duplicate: z.boolean(),
});

/** What is known of an emitted event; `stream`, `offset` and `epoch` are missing for ephemeral ones. */
export type Receipt = z.output<typeof receipt>;

export const eventsEmit = defineCommand({
  name: 'events.emit',
  payload: emitPayload,
  ack: receipt,
  errors: ['forbidden', 'conflict'],
  example: {
    event: 'operation.completed',
    data: { project_id: '42', operation: 'matching', result: { matched: 11 } },
    id: 'matching-42-1',
  },
  summary: 'Emits an event of the catalogue; publishers only. The id makes a retry harmless.',
});
