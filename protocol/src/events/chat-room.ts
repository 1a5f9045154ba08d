// Sessions (a person working with agents) and conversations (people, and an agent’s persona): what they are, who is in
// them, how far each has read.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

export const sessionType = z.enum(['chat', 'socratic', 'code_review']);

const shared = {
  id,
  title: z.string().nullable(),
  owner_id: id,
  participant_ids: z.array(id),
  archived: z.boolean(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
};

export const session = z.object({
  ...shared,
  type: sessionType,
  project_id: id.nullable(),
  emotion: z.boolean(),
});
export type Session = z.output<typeof session>;

export const conversation = z.object({ ...shared, persona_id: id.nullable() });
export type Conversation = z.output<typeof conversation>;

/** The fields that were given, with their new values; `created: true` for a new room. */
const changes = z.record(z.string(), z.unknown());

const example = {
  id: 's-1',
  title: 'Plans',
  owner_id: 'ada',
  participant_ids: ['bob'],
  archived: false,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:05:00.000Z',
};

export const sessionUpdated = defineEvent({
  name: 'session.updated',
  class: 'durable',
  data: z.object({ session, changes }),
  rooms: (data) => [rooms.session(data.session.id)],
  example: {
    session: { ...example, type: 'chat', project_id: null, emotion: true },
    changes: { title: 'Plans' },
  },
  summary: 'A session was made, renamed, archived, or has other participants.',
});

export const conversationUpdated = defineEvent({
  name: 'conversation.updated',
  class: 'durable',
  data: z.object({ conversation, changes }),
  rooms: (data) => [rooms.conversation(data.conversation.id)],
  example: {
    conversation: { ...example, id: 'c-1', participant_ids: ['ada', 'bob'], persona_id: null },
    changes: { participant_ids: ['ada', 'bob'] },
  },
  summary: 'A conversation was made, renamed, archived, or has other participants.',
});

export const membershipChanged = defineEvent({
  name: 'membership.changed',
  class: 'durable',
  data: z.object({ room: z.string(), member: z.boolean(), by: id }),
  rooms: 'addressed',
  example: { room: rooms.conversation('c-1'), member: true, by: 'ada' },
  summary: 'The user was put into a session or conversation, or taken out of it.',
});

export const readUpdated = defineEvent({
  name: 'read.updated',
  class: 'state',
  key: 'user_id',
  data: z.object({ room: z.string(), user_id: id, message_id: id }),
  rooms: (data) => [data.room],
  example: { room: rooms.conversation('c-1'), user_id: 'bob', message_id: 'm-1' },
  summary: 'How far somebody has read; the newest value counts.',
});

export const signalReceived = defineEvent({
  name: 'signal.received',
  class: 'ephemeral',
  data: z.object({ from_user_id: id, kind: z.string(), payload: optional(z.unknown()) }),
  rooms: 'addressed',
  example: { from_user_id: 'ada', kind: 'offer', payload: { sdp: 'v=0' } },
  summary: 'Something for a call between two users: an offer, an answer, a candidate.',
});
