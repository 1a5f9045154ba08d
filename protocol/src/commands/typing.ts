// Commands about typing. How often they come is never an error.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';

const payload = z.object({ room: z.string() });
const errors = ['not_found', 'forbidden'] as const;

export const typingStart = defineCommand({
  name: 'typing.start',
  payload,
  ack: z.object({}),
  errors,
  example: { room: 'conversation:7' },
  summary: 'The user types, for the next 5 s; a repeat renews it. The room is told at most every 2 s.',
});

export const typingStop = defineCommand({
  name: 'typing.stop',
  payload,
  ack: z.object({}),
  errors,
  example: { room: 'conversation:7' },
  summary: 'The user does not type any more.',
});
