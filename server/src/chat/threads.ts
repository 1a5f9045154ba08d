// What an agent is shown of the room that it was asked in: what was said there, without what is deleted or encrypted.
import type { Message } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { query } from '../storage/query.js';
import type { ChatRoomPlace } from './chat-room-store.js';
import { selectMessages, type MessageRow } from './message-store.js';
import { messageOf } from './message-view.js';

export interface Thread {
  /** What was said before the question, and what agents have said since: oldest first. */
  readonly history: readonly Message[];
  readonly message: Message;
}

/** @returns null when the question is not there any more, or may not be shown */
export type ReadThread = (place: ChatRoomPlace, questionId: string) => Promise<Thread | null>;

/** Messages of a thread, at most, the question not counted. */
const MOST = 50;

// Questions that were asked later wait for their own answers, and are not part of this one's past.
const THREAD = `${selectMessages()} join messages q on q.tenant = m.tenant and q.room = m.room and q.id = $3
  where m.tenant = $1 and m.room = $2 and m.deleted_at is null and m.encrypted is null
    and (m.seq <= q.seq or m.role = 'agent')
  order by m.id = q.id desc, m.seq desc limit ${MOST + 1}`;

export function createReadThread(dataSource: DataSource): ReadThread {
  return async ({ tenant, room }, questionId) => {
    const rows = await query<MessageRow>(dataSource, THREAD, [tenant, room, questionId]);
    const [message, ...history] = rows.map(messageOf);
    return message?.id === questionId ? { message, history: history.reverse() } : null;
  };
}
