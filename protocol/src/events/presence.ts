// Who is here. These are the platform's own events: nobody posts them. Room presence goes to who watches a room
// (`subscribe` with `presence: true`), a user's own to the users who share a room.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

/** What a user says about being here. */
export const presenceStatus = z.enum(['active', 'away', 'dnd']);
export type PresenceStatus = z.output<typeof presenceStatus>;

/** A user as others see them. */
export const userPresence = z.object({
  user_id: id,
  online: z.boolean(),
  status: z.enum([...presenceStatus.options, 'offline']),
  /** Null: never, as far as is known. Of somebody who is online: now. */
  last_seen: z.iso.datetime().nullable(),
});
export type UserPresence = z.output<typeof userPresence>;

const person = { user_id: id, name: optional(z.string()) };

/** Somebody in a room, on one device or several. */
export const roomMember = z.object({ ...person, status: presenceStatus });
export type RoomMember = z.output<typeof roomMember>;

/** Rises with every change of the room; what has no higher one than what is known already is old. */
const version = z.int().nonnegative();
const count = z.int().nonnegative();

/** A room of more members is told by their number only. */
export const MOST_MEMBERS_TOLD = 200;

/** Who is in a room, page by page in the order of user ids. */
export const presencePage = z.object({ version, members: z.array(roomMember), count, has_more: z.boolean() });
export type PresencePage = z.output<typeof presencePage>;

export const presenceUpdated = defineEvent({
  name: 'presence.updated',
  class: 'ephemeral',
  data: userPresence,
  rooms: 'addressed',
  example: { user_id: 'ada', online: true, status: 'active', last_seen: '2026-01-01T00:00:00.000Z' },
  summary: 'A user with whom one shares a room came, went, or says something else about being here.',
});

export const presenceState = defineEvent({
  name: 'presence.state',
  class: 'ephemeral',
  data: z.object({ room: z.string(), version, members: z.array(roomMember) }),
  rooms: 'addressed',
  example: { room: 'project:42', version: 7, members: [{ user_id: 'ada', name: 'Ada', status: 'active' }] },
  summary: 'Everybody who is in a watched room, in the place of what was told before.',
});

export const presenceDiff = defineEvent({
  name: 'presence.diff',
  class: 'ephemeral',
  data: z.object({ room: z.string(), version, joins: z.array(roomMember), leaves: z.array(z.object(person)) }),
  rooms: 'addressed',
  example: {
    room: 'project:42',
    version: 8,
    joins: [{ user_id: 'bob', status: 'away' }],
    leaves: [{ user_id: 'ada' }],
  },
  summary: 'Who came into a watched room and who went. A join of somebody who is there already is their new status.',
});

export const presenceCount = defineEvent({
  name: 'presence.count',
  class: 'ephemeral',
  data: z.object({ room: z.string(), count }),
  rooms: 'addressed',
  example: { room: 'global', count: 1250 },
  summary: 'How many are in a watched room of more than 200 members; who they are is not told.',
});
