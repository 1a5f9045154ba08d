// The statements about attachments: a file is uploaded to a room first, and belongs to one message later.
import type { EntityManager } from 'typeorm';
import { query } from '../storage/query.js';
import type { AttachmentPart } from './message-store.js';

export interface AttachmentRow extends AttachmentPart {
  tenant: string;
  room: string;
  uploader_id: string;
  message_id: string | null;
}

const PART = 'id, name, media_type, size';

export async function insertAttachment(manager: EntityManager, row: Omit<AttachmentRow, 'message_id'>): Promise<void> {
  await query(
    manager,
    `insert into attachments (tenant, id, room, uploader_id, name, media_type, size) values ($1, $2, $3, $4, $5, $6, $7)`,
    [row.tenant, row.id, row.room, row.uploader_id, row.name, row.media_type, row.size],
  );
}

/** An attachment of a room that the user is in. */
export async function findAttachment(
  manager: EntityManager,
  { tenant, userId }: { tenant: string; userId: string },
  id: string,
): Promise<AttachmentRow | null> {
  const [row] = await query<AttachmentRow>(
    manager,
    `select tenant, room, uploader_id, message_id, ${PART} from attachments a
     where tenant = $1 and id = $3 and exists (
       select 1 from chat_members m where m.tenant = a.tenant and m.room = a.room and m.user_id = $2)`,
    [tenant, userId, id],
  );
  return row ?? null;
}

/** Gives files to a message. @returns those that its author had uploaded to its room and not used */
export async function claimAttachments(
  manager: EntityManager,
  { tenant, room, userId, messageId }: { tenant: string; room: string; userId: string; messageId: string },
  ids: readonly string[],
): Promise<AttachmentPart[]> {
  return query(
    manager,
    `update attachments set message_id = $4
     where tenant = $1 and room = $2 and uploader_id = $3 and id = any ($5::text[]) and message_id is null
     returning ${PART}`,
    [tenant, room, userId, messageId, ids],
  );
}

/** @returns the ids of the files */
export async function deleteAttachmentsOf(
  manager: EntityManager,
  { tenant, id }: { tenant: string; id: string },
): Promise<string[]> {
  const sql = 'delete from attachments where tenant = $1 and message_id = $2 returning id';
  return (await query<{ id: string }>(manager, sql, [tenant, id])).map((row) => row.id);
}

/** Forgets files that no message took. @returns their ids */
export async function deleteUnused(manager: EntityManager, olderThan: Date): Promise<string[]> {
  const sql = 'delete from attachments where message_id is null and created_at < $1 returning id';
  return (await query<{ id: string }>(manager, sql, [olderThan])).map((row) => row.id);
}
