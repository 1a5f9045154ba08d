// Renewing the identity of a live connection.
import { z } from 'zod';
import { defineCommand } from '../define-command.js';

export const authRefresh = defineCommand({
  name: 'auth.refresh',
  payload: z.object({ token: z.string() }),
  ack: z.object({ expires_at: z.iso.datetime().optional() }),
  errors: ['unauthorized', 'token_expired', 'forbidden'],
  example: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' },
  summary: 'Puts a new token of the same user in the place of the one that ends.',
});
