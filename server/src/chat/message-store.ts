// The statements about messages and the reactions to them. A message's place in its room is given under the room's lock.
import type { Message } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import { query } from '../storage/query.js';
import type { ChatRoomPlace } from './chat-room-store.js';

/** A message as it is kept, with what belongs to it. */
export interface MessageRow {
  tenant: string;
  id: string;
  room: string;
  sender_id: string;
  sender_name: string;
  role: Message['role'];
  agent_id: string | null;
  content: string;
  status: Message['status'];
  reply_to: string | null;
  mentions: string[];
  /** JSON, as it came. */
  encrypted: string | null;
  client_id: string | null;
  created_at: Date;
  edited_at: Date | null;
  deleted_at: Date | null;
  reactions: { emoji: string; user_ids: string[] }[];
  attachments: AttachmentPart[];
}

/** What of a file is told with its message. */
export interface AttachmentPart {
  id: string;
  name: string;
  media_type: string;
  size: number;
}

export interface NewMessageRow extends Omit<MessageRow, 'edited_at' | 'deleted_at' | 'reactions' | 'attachments'> {
  /** Tells the same content from other content under one `client_id`. */
  client_hash: string | null;
}

const COLUMNS = `m.tenant, m.id, m.room, m.sender_id, m.sender_name, m.role, m.agent_id, m.content, m.status, m.reply_to,
  m.mentions, m.encrypted, m.client_id, m.created_at, m.edited_at, m.deleted_at,
  coalesce((
    select json_agg(json_build_object('emoji', r.emoji, 'user_ids', r.user_ids) order by r.first)
    from (select emoji, json_agg(user_id order by place) as user_ids, min(place) as first from message_reactions x
      where x.tenant = m.tenant and x.message_id = m.id group by emoji) r), '[]') as reactions,
  coalesce((
    select json_agg(json_build_object('id', a.id, 'name', a.name, 'media_type', a.media_type, 'size', a.size)
      order by a.created_at, a.id)
    from attachments a where a.tenant = m.tenant and a.message_id = m.id), '[]') as attachments`;

/** The columns above of the messages that `where` chooses, to be joined into other statements. */
export function selectMessages(more = '', from = 'messages m'): string {
  return `select ${COLUMNS} ${more} from ${from}`;
}

/**
 * The room must be locked.
 * @returns false when the sender has used the `client_id` meanwhile, in another room
 */
export async function insertMessage(manager: EntityManager, row: NewMessageRow): Promise<boolean> {
  const inserted = await query(
    manager,
    `with place as (
       update chat_rooms set last_seq = last_seq + 1 where tenant = $1 and room = $3 returning last_seq)
     insert into messages (tenant, id, room, sender_id, sender_name, role, agent_id, content, status, reply_to, mentions,
       encrypted, client_id, client_hash, created_at, seq)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text[], $12, $13, $14, $15::timestamptz, last_seq from place
     on conflict (tenant, sender_id, client_id) where client_id is not null do nothing returning id`,
    [
      row.tenant,
      row.id,
      row.room,
      row.sender_id,
      row.sender_name,
      row.role,
      row.agent_id,
      row.content,
      row.status,
      row.reply_to,
      row.mentions,
      row.encrypted,
      row.client_id,
      row.client_hash,
      row.created_at,
    ],
  );
  return inserted.length === 1;
}

export async function findMessage(manager: EntityManager, tenant: string, id: string): Promise<MessageRow | null> {
  const [row] = await query<MessageRow>(manager, `${selectMessages()} where m.tenant = $1 and m.id = $2`, [tenant, id]);
  return row ?? null;
}

/** The message that a caller sent under an id of its own. */
export async function findSent(
  manager: EntityManager,
  { tenant, userId }: { tenant: string; userId: string },
  clientId: string,
): Promise<(MessageRow & { client_hash: string }) | null> {
  const sql = `${selectMessages(', m.client_hash')} where m.tenant = $1 and m.sender_id = $2 and m.client_id = $3`;
  const [row] = await query<MessageRow & { client_hash: string }>(manager, sql, [tenant, userId, clientId]);
  return row ?? null;
}

/** @returns the place of a message in its room, or null when the room has no such message */
export async function placeOf(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  id: string,
): Promise<number | null> {
  const sql = 'select seq from messages where tenant = $1 and room = $2 and id = $3';
  const [row] = await query<{ seq: number }>(manager, sql, [tenant, room, id]);
  return row?.seq ?? null;
}

/** At most `limit` messages of a room before a place (null: the newest), oldest first, and whether there are older ones. */
export async function readHistory(
  manager: EntityManager,
  { tenant, room }: ChatRoomPlace,
  before: number | null,
  limit: number,
): Promise<{ rows: MessageRow[]; hasMore: boolean }> {
  const sql = `${selectMessages()} where m.tenant = $1 and m.room = $2 and ($3::bigint is null or m.seq < $3)
    order by m.seq desc limit $4`;
  const rows = await query<MessageRow>(manager, sql, [tenant, room, before, limit + 1]);
  return { rows: rows.slice(0, limit).reverse(), hasMore: rows.length > limit };
}

/** These messages, in any order. */
export async function readMessages(
  manager: EntityManager,
  tenant: string,
  ids: readonly string[],
): Promise<MessageRow[]> {
  return query(manager, `${selectMessages()} where m.tenant = $1 and m.id = any ($2::text[])`, [tenant, ids]);
}

export async function updateContent(
  manager: EntityManager,
  { tenant, id }: Pick<MessageRow, 'tenant' | 'id'>,
  fields: { content: string; mentions: string[]; at: Date },
): Promise<void> {
  const sql = 'update messages set content = $3, mentions = $4::text[], edited_at = $5 where tenant = $1 and id = $2';
  await query(manager, sql, [tenant, id, fields.content, fields.mentions, fields.at]);
}

/** Takes the words away, and everything that belongs to them but files; the place stays. */
export async function clearMessage(
  manager: EntityManager,
  { tenant, id }: Pick<MessageRow, 'tenant' | 'id'>,
  at: Date,
): Promise<void> {
  await query(manager, 'delete from message_reactions where tenant = $1 and message_id = $2', [tenant, id]);
  await query(
    manager,
    `update messages set content = '', mentions = '{}', encrypted = null, deleted_at = $3 where tenant = $1 and id = $2`,
    [tenant, id, at],
  );
}

/** @returns false when it was there already */
export async function insertReaction(
  manager: EntityManager,
  { tenant, id }: Pick<MessageRow, 'tenant' | 'id'>,
  emoji: string,
  userId: string,
): Promise<boolean> {
  const sql = `insert into message_reactions (tenant, message_id, emoji, user_id) values ($1, $2, $3, $4)
    on conflict do nothing returning emoji`;
  return (await query(manager, sql, [tenant, id, emoji, userId])).length === 1;
}

/** @returns false when it was not there */
export async function deleteReaction(
  manager: EntityManager,
  { tenant, id }: Pick<MessageRow, 'tenant' | 'id'>,
  emoji: string,
  userId: string,
): Promise<boolean> {
  const sql = `delete from message_reactions where tenant = $1 and message_id = $2 and emoji = $3 and user_id = $4
    returning emoji`;
  return (await query(manager, sql, [tenant, id, emoji, userId])).length === 1;
}
