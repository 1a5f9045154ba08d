// Signals of calls between two users who share a room (offers, answers, candidates of WebRTC): handed on, never kept.
import { RoomcastError, rooms, type BuiltInCatalogue } from '@roomcast/protocol';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Principal } from '../identity/principal.js';
import type { Sharing } from './sharing.js';

/** @throws RoomcastError `not_found` where the two share no room */
export type Signal = (
  caller: Principal,
  signal: { to_user_id: string; kind: string; payload?: unknown },
) => Promise<void>;

export function createSignal({
  broadcaster,
  sharing,
}: {
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'emit'>;
  sharing: Pick<Sharing, 'among'>;
}): Signal {
  return async ({ tenant, userId }, { to_user_id, kind, payload }) => {
    if (!(await sharing.among(tenant, userId, [to_user_id])).has(to_user_id)) throw new RoomcastError('not_found');
    const data = { from_user_id: userId, kind, payload };
    await broadcaster.emit('signal.received', data, { tenant, rooms: [rooms.user(to_user_id)] });
  };
}
