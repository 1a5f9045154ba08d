// Who may enter the room of a session or conversation: who is in it by the stored list, and nobody else may know of it.
import type { Principal } from '../identity/principal.js';
import type { Query } from '../storage/query.js';
import type { ChatKind } from './chat-room-entity.js';
import { chatRoomName } from './chat-room-name.js';

const IN_ROOM = `
select exists (select 1 from chat_members m where m.tenant = a.tenant and m.room = a.room and m.user_id = a.user_id) as "in"
from unnest($1::text[], $2::text[], $3::text[]) with ordinality a (tenant, room, user_id, place) order by a.place`;

/** The policy of rooms of one of the two kinds. */
export function chatRoomPolicy(kind: ChatKind) {
  return {
    async decide(
      entrants: readonly { principal: Principal; id: string }[],
      query: Query,
    ): Promise<('granted' | 'not_found')[]> {
      const rows = await query<{ in: boolean }>(IN_ROOM, [
        entrants.map(({ principal }) => principal.tenant),
        entrants.map(({ id }) => chatRoomName(kind, id)),
        entrants.map(({ principal }) => principal.userId),
      ]);
      return rows.map((row) => (row.in ? 'granted' : 'not_found'));
    },
  };
}
