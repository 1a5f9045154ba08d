// A room qualified by its tenant. A client names rooms without tenant, so it cannot even spell another tenant's.
import { tenantOf, type StreamKey } from '../events/log-row.js';

/** `{tenant}/{room}` */
export type RoomKey = string;

export function roomKey(tenant: string, room: string): RoomKey {
  return `${tenant}/${room}`;
}

/** The rooms of a row, qualified. */
export function roomKeysOf(stream: StreamKey, rooms: readonly string[]): RoomKey[] {
  const tenant = tenantOf(stream);
  return rooms.map((room) => roomKey(tenant, room));
}

/** The room's name on the wire. */
export function wireRoom(key: RoomKey): string {
  return key.slice(key.indexOf('/') + 1);
}
