// The form of an event on the wire. It is the same bytes for everybody who gets it, live or replayed.
import { z } from 'zod';

/** A place in a stream: an offset in one life (epoch) of the log. */
export const position = z.object({ offset: z.int().nonnegative(), epoch: z.string() });
export type Position = z.output<typeof position>;

export const envelope = z.object({
  id: z.string(),
  event: z.string(),
  version: z.int().positive(),
  rooms: z.array(z.string()),
  stream: z.string().optional(),
  offset: z.int().positive().optional(),
  data: z.record(z.string(), z.unknown()),
  timestamp: z.iso.datetime(),
});

/**
 * An event as handlers get it. `stream` and `offset` are missing on ephemeral events.
 * `stream` and `offset` together are what a client keeps to come back without a gap.
 */
export interface Envelope<Data = Record<string, unknown>, Name extends string = string> {
  id: string;
  event: Name;
  version: number;
  rooms: string[];
  stream?: string;
  offset?: number;
  data: Data;
  timestamp: string;
}
