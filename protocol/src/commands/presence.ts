// Commands about who is here.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { presencePage, presenceStatus, userPresence } from '../events/presence.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

/** Most users or members of one answer. */
export const PRESENCE_PAGE = 200;

const userIds = z.array(id).max(PRESENCE_PAGE);

export const presenceSet = defineCommand({
  name: 'presence.set',
  payload: z.object({ status: presenceStatus }),
  ack: z.object({}),
  errors: ['forbidden'],
  example: { status: 'away' },
  summary: 'Says how the user is here, on all devices, until the last connection ends.',
});

export const presenceGet = defineCommand({
  name: 'presence.get',
  payload: z.object({ user_ids: userIds }),
  ack: z.object({ users: z.array(userPresence) }),
  errors: [],
  example: { user_ids: ['ada', 'bob'] },
  summary: 'Tells who of these users of the tenant is online, in the order in which they are asked for.',
});

export const presenceList = defineCommand({
  name: 'presence.list',
  payload: z.object({
    room: z.string(),
    after: optional(id),
    limit: optional(z.int().min(1).max(PRESENCE_PAGE)),
  }),
  ack: presencePage,
  errors: ['not_found', 'forbidden'],
  example: { room: 'project:42', limit: 50 },
  summary: 'Tells who is in a room, in the order of user ids; `after` is the last one of the page before.',
});
