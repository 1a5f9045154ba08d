// Whether a connection may have to do with a room: it is in it, or would be let in.
import { parseRoom, RoomcastError, type ParsedRoom, type RoomKind } from '@roomcast/protocol';
import type { Access } from './access.js';
import type { Member } from './member.js';
import type { Revocations } from './revocations.js';
import { roomKey } from './room-key.js';

/**
 * @param name of the room, as the client wrote it
 * @returns the room
 * @throws RoomcastError `not_found`, `forbidden`
 */
export type MayEnter = (member: Member, name: string) => Promise<ParsedRoom>;

interface Deps {
  access: Access;
  revocations: Pick<Revocations, 'overtook'>;
  roomKinds: readonly RoomKind[];
}

export function createMayEnter({ access, revocations, roomKinds }: Deps): MayEnter {
  return async (member, name) => {
    const { principal, subscriptions } = member;
    const room = parseRoom(name, roomKinds);
    if (!room) throw new RoomcastError('not_found', 'room: does not exist');
    for (;;) {
      if (subscriptions.has(roomKey(principal.tenant, name))) return room;
      const { control, decisions } = await access.authorize(principal, [room]);
      const [decision = 'not_found'] = decisions;
      if (decision !== 'granted') throw new RoomcastError(decision);
      if (!revocations.overtook(principal, [name], control)) return room;
    }
  };
}
