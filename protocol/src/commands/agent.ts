// What people tell agents, beside what they write to them.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';
import { optional } from '../optional.js';
import { id } from '../room.js';

export const agentCancel = defineCommand({
  name: 'agent.cancel',
  payload: z
    .object({
      /** Of the answer, or of the question. */
      message_id: optional(id),
      /** That the question was sent with, by the caller. */
      client_id: optional(id),
    })
    .refine(({ message_id, client_id }) => (message_id === undefined) !== (client_id === undefined), {
      path: ['message_id'],
      message: 'takes either a message_id or a client_id',
    }),
  ack: z.object({}),
  errors: ['forbidden', 'not_found'],
  example: { message_id: '01890a5d-ac96-774b-bcce-b302099a8057' },
  summary: 'Stops an answer. What there is of it is kept, marked as cancelled; one that has ended stays as it is.',
});
