// The statements about sessions and conversations and who is in them. The owner of a session is always in it, and is not
// one of its participants; the owner of a conversation is a participant like the others, and may leave.
import type { EntityManager } from 'typeorm';
import { insertIfFree } from '../storage/insert-if-free.js';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { query } from '../storage/query.js';
import { ChatRoomEntity, type ChatKind, type ChatRoomRow } from './chat-room-entity.js';

export type ChatRoomPlace = Pick<ChatRoomRow, 'tenant' | 'room'>;

/** A room as one of those in it sees it. */
export interface Reading {
  readonly unread: number;
  /** Unread messages that mention the reader. */
  readonly unreadMentions: number;
  /** The newest message's id. */
  readonly lastMessageId: string | null;
}

/** @returns false when the id is taken */
export async function insertChatRoom(manager: EntityManager, row: ChatRoomRow): Promise<boolean> {
  return insertIfFree(manager, ChatRoomEntity, row);
}

export async function findChatRoom(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
): Promise<ChatRoomRow | null> {
  return manager.findOneBy(ChatRoomEntity, { tenant, room });
}

/** Until the transaction ends, nobody else changes the room or writes in it. */
export async function lockChatRoom(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
): Promise<ChatRoomRow | null> {
  return manager.findOne(ChatRoomEntity, { where: { tenant, room }, lock: { mode: 'pessimistic_write' } });
}

export async function updateChatRoom(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  fields: Partial<Pick<ChatRoomRow, 'title' | 'archived' | 'emotion'>> & { updatedAt: Date },
): Promise<void> {
  await manager.update(ChatRoomEntity, { tenant, room }, fields);
}

/** The rooms of a kind that a user is in, newest first. */
export async function listChatRooms(
  manager: EntityManager,
  { tenant, kind, userId }: { tenant: string; kind: ChatKind; userId: string },
  page: ListRequest,
): Promise<ListPage<ChatRoomRow>> {
  const own = manager
    .createQueryBuilder(ChatRoomEntity, 'chat')
    .where({ tenant, kind })
    .andWhere(
      `exists (select 1 from chat_members m
        where m.tenant = chat.tenant and m.room = chat.room and m.user_id = :userId)`,
      { userId },
    );
  return readListPage(own, page);
}

/** Who is in each of these rooms, in the order in which they came. */
export async function membersOf(
  manager: EntityManager,
  tenant: string,
  rooms: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  const members = new Map(rooms.map((room): [string, string[]] => [room, []]));
  const rows = await query<{ room: string; user_id: string }>(
    manager,
    `select room, user_id from chat_members where tenant = $1 and room = any ($2::text[]) order by place`,
    [tenant, rooms],
  );
  for (const { room, user_id } of rows) members.get(room)?.push(user_id);
  return members;
}

export async function isMember(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  userId: string,
): Promise<boolean> {
  const sql = 'select 1 from chat_members where tenant = $1 and room = $2 and user_id = $3';
  return (await query(manager, sql, [tenant, room, userId])).length === 1;
}

/**
 * Puts users into a room; what was said before they came is not unread for them.
 * @returns those who were not in it
 */
export async function insertMembers(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  userIds: readonly string[],
): Promise<string[]> {
  const rows = await query<{ user_id: string }>(
    manager,
    `insert into chat_members (tenant, room, user_id, read_seq)
     select r.tenant, r.room, u.user_id, r.last_seq from chat_rooms r
     cross join unnest($3::text[]) with ordinality u (user_id, place)
     where r.tenant = $1 and r.room = $2 order by u.place
     on conflict do nothing returning user_id`,
    [tenant, room, userIds],
  );
  return rows.map(({ user_id }) => user_id);
}

/** @returns false when the user was not in the room */
export async function deleteMember(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  userId: string,
): Promise<boolean> {
  const sql = 'delete from chat_members where tenant = $1 and room = $2 and user_id = $3 returning user_id';
  return (await query(manager, sql, [tenant, room, userId])).length === 1;
}

/** Moves a reader's mark forward. @returns false when it was there already, or further */
export async function moveReadMark(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  userId: string,
  seq: number,
): Promise<boolean> {
  const sql = `update chat_members set read_seq = $4
    where tenant = $1 and room = $2 and user_id = $3 and read_seq < $4 returning user_id`;
  return (await query(manager, sql, [tenant, room, userId, seq])).length === 1;
}

/** What of these rooms a user has not read; one's own and deleted messages never count. */
export async function readingsOf(
  manager: EntityManager,
  { tenant, userId }: { tenant: string; userId: string },
  rooms: readonly string[],
): Promise<ReadonlyMap<string, Reading>> {
  const rows = await query<{ room: string; unread: number; mentioned: number; last_id: string | null }>(
    manager,
    `select m.room, count(x.id)::int as unread, count(x.id) filter (where $2 = any (x.mentions))::int as mentioned,
       (select l.id from messages l where l.tenant = m.tenant and l.room = m.room order by l.seq desc limit 1) as last_id
     from chat_members m
     left join messages x on x.tenant = m.tenant and x.room = m.room and x.seq > m.read_seq
       and x.sender_id <> m.user_id and x.deleted_at is null
     where m.tenant = $1 and m.user_id = $2 and m.room = any ($3::text[])
     group by m.tenant, m.room`,
    [tenant, userId, rooms],
  );
  return new Map(
    rows.map(({ room, unread, mentioned, last_id }) => [
      room,
      { unread, unreadMentions: mentioned, lastMessageId: last_id },
    ]),
  );
}
