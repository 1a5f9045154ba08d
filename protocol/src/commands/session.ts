// What a person finds on coming into a session, in one answer, and calls between people.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { position } from '../envelope.js';
import { session } from '../events/chat-room.js';
import { message } from '../events/message.js';
import { optional } from '../optional.js';
import { id } from '../room.js';
import { text } from '../text.js';

/** Most users that an answer names; the count counts all. */
export const CONNECTED_USERS = 200;

export const sessionState = defineCommand({
  name: 'session.state',
  payload: z.object({ session_id: id }),
  ack: z.object({
    session,
    messages: z.array(message),
    connected_users: z.array(z.object({ user_id: id, name: z.string().nullable() })),
    connected_count: z.int().nonnegative(),
    position,
  }),
  errors: ['not_found'],
  example: { session_id: 's-1' },
  summary: 'A session, its last messages and who is in it, as of a position of its stream.',
});

export const signalSend = defineCommand({
  name: 'signal.send',
  payload: z.object({ to_user_id: id, kind: text(64), payload: optional(z.unknown()) }),
  ack: z.object({}),
  errors: ['not_found'],
  example: { to_user_id: 'bob', kind: 'offer', payload: { sdp: 'v=0' } },
  summary: 'Hands something for a call to a user with whom one shares a room; it is not kept.',
});
