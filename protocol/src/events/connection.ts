// What the server tells one connection about itself. Nobody else gets these, and nobody can post them.
import { z } from 'zod';
import { wireError } from '../errors.js';

const limits = z.object({
  max_connections_per_user: z.int(),
  max_rooms_per_connection: z.int(),
  max_frame_bytes: z.int(),
  message_rate: z.number(),
  command_rate: z.number(),
});

/** Data schemas by name; on the wire each stands in `{ event, data, timestamp }`. */
export const connectionEvents = {
  connection_established: z.object({
    connection_id: z.string(),
    node_id: z.string(),
    protocol_version: z.string(),
    server_time: z.iso.datetime(),
    expires_at: z.iso.datetime().optional(),
    limits,
  }),
  'room.reset': z.object({
    stream: z.string(),
    rooms: z.array(z.string()),
    offset: z.int().nonnegative(),
    epoch: z.string(),
    last_id: z.string().optional(),
    reason: z.string(),
  }),
  'room.revoked': z.object({ room: z.string(), reason: z.string() }),
  'auth.expiring': z.object({ expires_at: z.iso.datetime() }),
  'auth.expired': z.object({ expires_at: z.iso.datetime() }),
  'session.closing': z.object({ reason: z.string(), after_ms: z.int().nonnegative() }),
  error: wireError,
} as const;

export type ConnectionEvents = { [Name in keyof typeof connectionEvents]: z.output<(typeof connectionEvents)[Name]> };
