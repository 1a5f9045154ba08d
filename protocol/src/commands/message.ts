// Commands about messages: writing, changing and reading them, and how far one has read.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { position } from '../envelope.js';
import { message } from '../events/message.js';
import { optional } from '../optional.js';
import { id } from '../room.js';
import { isStorable, STORABLE, text } from '../text.js';

/** Most messages of one answer. */
export const HISTORY_MESSAGES = 200;
/** When `limit` is left out. */
export const HISTORY_DEFAULT = 50;
const MAX_CONTENT = 5_000;
const MAX_ATTACHMENTS = 10;
const MAX_ENCRYPTED = 32_768;

/** What somebody writes: 1–5000 characters once white space at both ends is cut off. */
const messageContent = z.string().trim().min(1).max(MAX_CONTENT).refine(isStorable, STORABLE);

const encrypted = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= MAX_ENCRYPTED,
    `takes at most ${MAX_ENCRYPTED} characters of JSON`,
  );

/** A message as it is sent, without the room that it is sent to. */
export const newMessage = z.object({
  content: messageContent,
  client_id: optional(id),
  reply_to: optional(id),
  attachment_ids: optional(z.array(id).max(MAX_ATTACHMENTS)),
  persona_id: optional(id),
  /** Whose instructions of the author an agent is told, in place of those of the session's project. */
  project_id: optional(id),
  encrypted: optional(encrypted),
});
export type NewMessage = z.output<typeof newMessage>;

export const messageChange = z.object({ content: messageContent });

/** One emoji, or a short word in its place. */
export const emoji = text(32);

const room = z.string();
const answer = z.object({ message });
const withId = { message_id: id };
const errors = ['not_found', 'forbidden', 'conflict'] as const;

export const messageSend = defineCommand({
  name: 'message.send',
  payload: newMessage.extend({ room }),
  ack: z.object({ message, duplicate: z.boolean() }),
  errors,
  example: { room: 'conversation:c-1', content: 'Hello', client_id: 'draft-1' },
  summary: 'Writes a message; a repeat under the same client_id changes nothing.',
});

export const messageEdit = defineCommand({
  name: 'message.edit',
  payload: z.object({ ...withId, content: messageContent }),
  ack: answer,
  errors,
  example: { message_id: 'm-1', content: 'Hello!' },
  summary: 'Changes the words of one’s own message.',
});

export const messageDelete = defineCommand({
  name: 'message.delete',
  payload: z.object(withId),
  ack: answer,
  errors,
  example: { message_id: 'm-1' },
  summary: 'Deletes a message: its author or an admin.',
});

export const messageReact = defineCommand({
  name: 'message.react',
  payload: z.object({ ...withId, emoji, on: z.boolean() }),
  ack: answer,
  errors,
  example: { message_id: 'm-1', emoji: '👍', on: true },
  summary: 'Adds a reaction, or takes it away.',
});

export const messageHistory = defineCommand({
  name: 'message.history',
  payload: z.object({ room, before: optional(id), limit: optional(z.int().min(1).max(HISTORY_MESSAGES)) }),
  ack: z.object({ messages: z.array(message), has_more: z.boolean(), position }),
  errors: ['not_found'],
  example: { room: 'conversation:c-1', limit: 50 },
  summary: 'The newest messages of a room, or those before one of them, oldest first.',
});

export const readMark = defineCommand({
  name: 'read.mark',
  payload: z.object({ room, ...withId }),
  ack: z.object({ unread: z.int().nonnegative() }),
  errors: ['not_found'],
  example: { room: 'conversation:c-1', message_id: 'm-1' },
  summary: 'Says how far one has read; the mark never goes back.',
});
