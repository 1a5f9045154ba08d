// Commands about rooms: entering, leaving, reading what they had.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { envelope } from '../envelope.js';
import { wireError } from '../errors.js';
import { presencePage } from '../events/presence.js';
import { optional } from '../optional.js';

/** Most events that one page of a catch-up holds; also the largest `limit`. */
export const PAGE_EVENTS = 500;

const offset = z.int().nonnegative();
const limit = optional(z.int().min(1).max(PAGE_EVENTS));

export const subscribePayload = z.object({
  room: z.string(),
  offset: optional(offset),
  epoch: optional(z.string()),
  last_id: optional(z.string()),
  limit,
  replay: optional(z.enum(['emit', 'ack'])),
  state: optional(z.boolean()),
  presence: optional(z.boolean()),
});
export type SubscribeItem = z.output<typeof subscribePayload>;

/** Why continuity from a position cannot be proven. */
export const unrecoveredReason = z.enum(['epoch_changed', 'future_offset', 'truncated']);
export type UnrecoveredReason = z.output<typeof unrecoveredReason>;

const where = {
  stream: z.string(),
  offset,
  epoch: z.string(),
  last_id: z.string().optional(),
};
const proof = { recovered: z.boolean(), reason: unrecoveredReason.optional() };

export const subscribeAck = z.object({
  room: z.string(),
  ...where,
  ...proof,
  has_more: z.boolean(),
  events: z.array(envelope).optional(),
  state: z.array(envelope).optional(),
  /** Who is in the room, oneself included; of a room of more than 200 members nobody, but how many. */
  presence: presencePage.optional(),
});
export type SubscribeAck = z.output<typeof subscribeAck>;

export const subscribe = defineCommand({
  name: 'subscribe',
  payload: subscribePayload,
  ack: subscribeAck,
  errors: ['not_found', 'forbidden', 'too_many_rooms'],
  example: { room: 'project:42', offset: 17, epoch: '5f2b0c1d9e3a' },
  summary: 'Enters a room, after handing over what it had since a position.',
});

export const subscribeMany = defineCommand({
  name: 'subscribe_many',
  payload: z.object({ rooms: z.array(subscribePayload).min(1).max(100) }),
  ack: z.object({
    results: z.array(
      z.union([
        subscribeAck.extend({ status: z.literal('success') }),
        z.object({ room: z.string(), status: z.literal('error'), error: wireError }),
      ]),
    ),
  }),
  errors: [],
  example: { rooms: [{ room: 'project:42' }, { room: 'global' }] },
  summary: 'Enters several rooms; rooms of one stream are caught up and joined together.',
});

export const unsubscribe = defineCommand({
  name: 'unsubscribe',
  payload: z.object({ room: z.string() }),
  ack: z.object({ room: z.string() }),
  errors: ['not_found'],
  example: { room: 'project:42' },
  summary: 'Leaves a room.',
});

export const eventsRead = defineCommand({
  name: 'events.read',
  payload: z.object({ room: z.string(), offset, epoch: optional(z.string()), limit }),
  ack: z.object({ events: z.array(envelope), ...where, has_more: z.boolean(), ...proof }),
  errors: ['not_found', 'forbidden'],
  example: { room: 'project:42', offset: 0, limit: 100 },
  summary: 'Reads what a room had after a position, without entering it.',
});

export const debugRooms = defineCommand({
  name: 'debug:rooms',
  payload: optional(z.object({})),
  ack: z.object({ rooms: z.array(z.object({ room: z.string(), ...where })) }),
  errors: [],
  example: {},
  summary: 'Tells which rooms this connection is in, and where their streams stand.',
});
