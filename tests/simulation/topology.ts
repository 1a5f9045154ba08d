// What exists in the simulated world: one tenant, a stream that several rooms share, and a room that is its own stream.
import { defineEvent, parseRoom, roomKinds, type Catalogue, type ParsedRoom } from '@roomcast/protocol';
import { z } from 'zod';
import { streamKey } from '../../server/src/events/log-row.js';
import type { Principal } from '../../server/src/identity/principal.js';

export const TENANT = 't';

const data = z.object({ n: z.number(), key: z.string().optional() });
const example = { n: 1 };
const summary = 'Simulated.';

/** A fact; a value of a key; the end of a key's value; the end of a room. */
export const EVENT = { fact: 'sim.fact', value: 'sim.value', final: 'sim.final', ended: 'sim.ended' } as const;

export const catalogue: Catalogue = {
  roomKinds,
  events: [
    defineEvent({ name: EVENT.fact, class: 'durable', data, rooms: 'addressed', example, summary }),
    defineEvent({ name: EVENT.value, class: 'state', key: 'key', data, rooms: 'addressed', example, summary }),
    defineEvent({ name: EVENT.final, class: 'durable', data, rooms: 'addressed', example, summary }),
    defineEvent({ name: EVENT.ended, class: 'durable', data, rooms: 'addressed', example, summary }),
  ],
};

export const SHARED = { stream: 'tenant', rooms: ['global', 'project:a', 'project:b'] } as const;
export const OWN = { stream: 'session:s', rooms: ['session:s'] } as const;

export interface StreamOfRooms {
  readonly stream: string;
  readonly rooms: readonly string[];
}

function room(name: string): ParsedRoom {
  return parseRoom(name, roomKinds)!;
}

/** The stream of a room, as on the wire. */
export function streamOf(name: string): string {
  return room(name).stream;
}

/** The stream of a room, as in the server. */
export function keyOfStream(wireStream: string): string {
  return streamKey(TENANT, wireStream);
}

export function principal(userId: string): Principal {
  return { tenant: TENANT, userId, name: null, roles: new Set(), keyId: null, expiresAt: null };
}
