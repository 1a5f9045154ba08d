// A kept message as everybody sees it: in events, answers and lists the same object.
import type { Message } from '@roomcast/protocol';
import type { AttachmentPart, MessageRow } from './message-store.js';

/** Where the HTTP API hands out a file. */
function attachmentUrl(id: string): string {
  return `/api/v1/attachments/${id}`;
}

export function attachmentOf(part: AttachmentPart): Message['attachments'][number] {
  return { ...part, url: attachmentUrl(part.id) };
}

export function messageOf(row: MessageRow): Message {
  return {
    id: row.id,
    room: row.room,
    sender_id: row.sender_id,
    sender_name: row.sender_name,
    role: row.role,
    ...(row.agent_id === null ? {} : { agent_id: row.agent_id }),
    is_ai: row.role === 'agent',
    content: row.content,
    status: row.status,
    ...(row.reply_to === null ? {} : { reply_to: row.reply_to }),
    attachments: row.attachments.map(attachmentOf),
    reactions: row.reactions,
    mentions: row.mentions,
    created_at: row.created_at.toISOString(),
    ...(row.edited_at === null ? {} : { edited_at: row.edited_at.toISOString() }),
    ...(row.deleted_at === null ? {} : { deleted_at: row.deleted_at.toISOString() }),
    ...(row.client_id === null ? {} : { client_id: row.client_id }),
    ...(row.encrypted === null ? {} : { encrypted: parsed(row.encrypted) }),
  };
}

function parsed(encrypted: string): Record<string, unknown> {
  const value: unknown = JSON.parse(encrypted);
  return isRecord(value) ? value : {};
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
