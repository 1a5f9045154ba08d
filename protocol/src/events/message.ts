// What is said in a session or conversation: one message, told when it is made, changed and deleted, and the parts of an
// agent's answer while it is being made.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

/** A file that belongs to a message; `url` is a path of the HTTP API. */
const attachment = z.object({
  id,
  name: z.string(),
  media_type: z.string(),
  size: z.int().nonnegative(),
  url: z.string(),
});

export const message = z.object({
  id,
  room: z.string(),
  sender_id: id,
  sender_name: z.string(),
  role: z.enum(['user', 'agent', 'system']),
  agent_id: optional(id),
  is_ai: z.boolean(),
  content: z.string(),
  status: z.enum(['complete', 'cancelled', 'interrupted', 'failed']),
  reply_to: optional(id),
  attachments: z.array(attachment).default([]),
  reactions: z.array(z.object({ emoji: z.string(), user_ids: z.array(id) })).default([]),
  mentions: z.array(id).default([]),
  created_at: z.iso.datetime(),
  edited_at: optional(z.iso.datetime()),
  deleted_at: optional(z.iso.datetime()),
  client_id: optional(id),
  encrypted: optional(z.record(z.string(), z.unknown())),
});
export type Message = z.output<typeof message>;

const data = z.object({ message });
const audience = (of: z.output<typeof data>) => [of.message.room];
const example = {
  message: {
    id: '0190f3c2-7d5b-7000-8000-000000000001',
    room: rooms.conversation('c-1'),
    sender_id: 'ada',
    sender_name: 'Ada',
    role: 'user' as const,
    is_ai: false,
    content: 'Is the analysis ready, @bob?',
    status: 'complete' as const,
    mentions: ['bob'],
    created_at: '2026-01-01T00:00:00.000Z',
    client_id: 'draft-1',
  },
};

export const messageCreated = defineEvent({
  name: 'message.created',
  class: 'durable',
  data,
  rooms: audience,
  example,
  summary: 'A message was written; an agent’s answer is complete.',
});

export const messageUpdated = defineEvent({
  name: 'message.updated',
  class: 'durable',
  data,
  rooms: audience,
  example: { message: { ...example.message, edited_at: '2026-01-01T00:01:00.000Z' } },
  summary: 'A message was edited, or somebody reacted to it.',
});

export const messageDeleted = defineEvent({
  name: 'message.deleted',
  class: 'durable',
  data,
  rooms: audience,
  example: { message: { ...example.message, content: '', mentions: [], deleted_at: '2026-01-01T00:02:00.000Z' } },
  summary: 'A message was deleted: it keeps its place, not its words.',
});

export const messageDelta = defineEvent({
  name: 'message.delta',
  class: 'ephemeral',
  data: z.object({
    message_id: id,
    agent_id: id,
    attempt: z.int().positive(),
    at: z.int().nonnegative(),
    text: z.string(),
  }),
  rooms: 'addressed',
  example: { message_id: 'm-2', agent_id: 'context', attempt: 1, at: 12, text: ' is ready' },
  summary: 'More text of an answer in the making; `at` is the length of the text before it.',
});
