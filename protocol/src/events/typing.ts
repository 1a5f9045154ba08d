// Who is writing something, in sessions and conversations.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

export const typingUpdated = defineEvent({
  name: 'typing.updated',
  class: 'ephemeral',
  data: z.object({
    room: z.string(),
    user_id: id,
    name: optional(z.string()),
    is_typing: z.boolean(),
    is_ai: z.boolean(),
  }),
  rooms: (data) => [data.room],
  example: { room: 'conversation:7', user_id: 'ada', name: 'Ada', is_typing: true, is_ai: false },
  summary: 'Somebody began to type, still does, or does no longer. What is not repeated within 5 s has ended.',
});
