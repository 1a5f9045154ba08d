// Messages, by the same rules in sessions and conversations: who is in the room writes and reads, the author edits, the
// author or an admin deletes. A change and its event are one transaction, under the lock of the room, so the order of the
// messages is the order of their events.
import { createHash } from 'node:crypto';
import { badField, RoomcastError, type Message, type NewMessage, type Position } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import { isAdmin, type Principal } from '../identity/principal.js';
import { inTransaction } from '../storage/transaction.js';
import type { Attachments } from './attachments.js';
import type { Author, ChatEvents } from './chat-events.js';
import type { ChatRoomRow } from './chat-room-entity.js';
import { isChatRoomName } from './chat-room-name.js';
import * as rooms from './chat-room-store.js';
import { mentionsIn } from './mentions.js';
import * as store from './message-store.js';
import { messageOf } from './message-view.js';

/** Different emoji that one message may have. */
const MAX_EMOJI = 50;

/** What was said, in the transaction that says it. */
export interface Sent {
  readonly caller: Principal;
  readonly room: ChatRoomRow;
  readonly message: Message;
  /** Users mentioned for the first time, the author not among them. */
  readonly mentioned: readonly string[];
  /** The agent that this one message asks for. */
  readonly personaId: string | null;
  /** The project that this one message is about; null: that of the room. */
  readonly projectId: string | null;
}

/** An answer that an agent has written. */
export interface AgentMessage {
  readonly tenant: string;
  readonly room: string;
  readonly id: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly content: string;
  readonly status: Message['status'];
  readonly replyTo: string | null;
}

export interface Messages {
  /**
   * @returns the message; with `duplicate` the one that was sent under this `client_id` before
   * @throws RoomcastError `not_found`, `bad_request`, `conflict` (archived, or the id was used for other content)
   */
  send(caller: Principal, room: string, message: NewMessage): Promise<{ message: Message; duplicate: boolean }>;
  /** @throws RoomcastError `not_found`, `forbidden`, `conflict` (deleted) */
  edit(caller: Principal, id: string, content: string): Promise<Message>;
  /** Again: changes nothing. @throws RoomcastError `not_found`, `forbidden` */
  delete(caller: Principal, id: string): Promise<Message>;
  /** @throws RoomcastError `not_found`, `conflict` (deleted, or too many different ones) */
  react(caller: Principal, id: string, emoji: string, on: boolean): Promise<Message>;
  /**
   * @param before the id of a message; null: the newest
   * @returns oldest first, with a position of the room that is not newer
   * @throws RoomcastError `not_found`
   */
  history(
    caller: Principal,
    room: string,
    page: { before: string | null; limit: number },
  ): Promise<{ messages: Message[]; has_more: boolean; position: Position }>;
  /** Writes an agent's message into the caller's transaction. */
  post(manager: EntityManager, answer: AgentMessage): Promise<Message>;
}

export interface MessagesDeps {
  dataSource: DataSource;
  events: ChatEvents;
  attachments: Pick<Attachments, 'claim' | 'drop'>;
  /** Counts a message against its sender's rate. @throws RoomcastError `rate_limited` */
  count(caller: Principal): void;
  /** What else belongs to the transaction of a new message. */
  sent(manager: EntityManager, sent: Sent): Promise<void>;
  /** Tells users that they are mentioned, in the transaction. */
  mentioned(manager: EntityManager, sent: Pick<Sent, 'caller' | 'room' | 'message' | 'mentioned'>): Promise<void>;
  readAt<Value>(
    tenant: string,
    room: string,
    read: (manager: EntityManager) => Promise<Value>,
  ): Promise<{ position: Position; value: Value }>;
}

export function createMessages(deps: MessagesDeps): Messages {
  return {
    async send(caller, room, message) {
      deps.count(caller);
      return inTransaction(deps.dataSource, (manager) => send(deps, manager, caller, room, message));
    },
    edit: (caller, id, content) => edit(deps, caller, id, content),
    delete: (caller, id) => remove(deps, caller, id),
    react: (caller, id, emoji, on) => react(deps, caller, id, emoji, on),
    history: (caller, room, page) => history(deps, caller, room, page),
    post: (manager, answer) => post(deps, manager, answer),
  };
}

async function send(
  deps: MessagesDeps,
  manager: EntityManager,
  caller: Principal,
  name: string,
  input: NewMessage,
): Promise<{ message: Message; duplicate: boolean }> {
  const { room, members } = await enter(manager, caller, name);
  const hash = hashOf(name, input);
  if (input.client_id !== undefined) {
    const earlier = await store.findSent(manager, caller, input.client_id);
    if (earlier && earlier.client_hash !== hash) throw usedBefore();
    if (earlier) return { message: messageOf(earlier), duplicate: true };
  }
  if (room.archived) throw new RoomcastError('conflict', `${name} is archived: nothing more can be said in it.`);
  if (input.reply_to !== undefined) await assertInRoom(manager, room, input.reply_to);

  const row = newRow(caller, room, input, { members, hash });
  if (!(await store.insertMessage(manager, row))) throw usedBefore();
  const attachments = await deps.attachments.claim(manager, room, row, input.attachment_ids ?? []);
  const message = messageOf({ ...row, edited_at: null, deleted_at: null, reactions: [], attachments });
  await deps.events.message(manager, caller, 'created', message);
  const mentioned = message.mentions.filter((user) => user !== caller.userId);
  const sent = {
    caller,
    room,
    message,
    mentioned,
    personaId: input.persona_id ?? null,
    projectId: input.project_id ?? null,
  };
  if (mentioned.length > 0) await deps.mentioned(manager, sent);
  await deps.sent(manager, sent);
  return { message, duplicate: false };
}

async function edit(deps: MessagesDeps, caller: Principal, id: string, content: string): Promise<Message> {
  return inTransaction(deps.dataSource, async (manager) => {
    const { row, room, members } = await openMessage(manager, caller, id);
    if (row.sender_id !== caller.userId || row.role !== 'user') {
      throw new RoomcastError('forbidden', 'A message is edited by its author.');
    }
    assertThere(row);
    const mentions = row.encrypted === null ? mentionsIn(content, members) : [];
    await store.updateContent(manager, row, { content, mentions, at: new Date() });
    const message = await tell(deps, manager, caller, 'updated', id);
    const mentioned = mentions.filter((user) => user !== caller.userId && !row.mentions.includes(user));
    if (mentioned.length > 0) await deps.mentioned(manager, { caller, room, message, mentioned });
    return message;
  });
}

async function remove(deps: MessagesDeps, caller: Principal, id: string): Promise<Message> {
  return inTransaction(deps.dataSource, async (manager) => {
    const { row } = await openMessage(manager, caller, id, { adminsToo: true });
    if (row.sender_id !== caller.userId && !isAdmin(caller)) {
      throw new RoomcastError('forbidden', 'A message is deleted by its author or by an admin.');
    }
    if (row.deleted_at !== null) return messageOf(row);
    await store.clearMessage(manager, row, new Date());
    await deps.attachments.drop(manager, row);
    return tell(deps, manager, caller, 'deleted', id);
  });
}

async function react(deps: MessagesDeps, caller: Principal, id: string, emoji: string, on: boolean): Promise<Message> {
  return inTransaction(deps.dataSource, async (manager) => {
    const { row } = await openMessage(manager, caller, id);
    assertThere(row);
    if (on && row.reactions.length >= MAX_EMOJI && !row.reactions.some((reaction) => reaction.emoji === emoji)) {
      throw new RoomcastError('conflict', `emoji: a message has at most ${MAX_EMOJI} different ones`);
    }
    const change = on ? store.insertReaction : store.deleteReaction;
    if (!(await change(manager, row, emoji, caller.userId))) return messageOf(row);
    return tell(deps, manager, caller, 'updated', id);
  });
}

async function history(
  { readAt }: MessagesDeps,
  { tenant, userId }: Principal,
  room: string,
  { before, limit }: { before: string | null; limit: number },
) {
  if (!isChatRoomName(room)) throw new RoomcastError('not_found');
  const { position, value } = await readAt(tenant, room, async (manager) => {
    if (!(await rooms.isMember(manager, { tenant, room }, userId))) throw new RoomcastError('not_found');
    const place = before === null ? null : await store.placeOf(manager, { tenant, room }, before);
    if (before !== null && place === null) throw badField('before', 'takes the id of a message of the room');
    return store.readHistory(manager, { tenant, room }, place, limit);
  });
  return { messages: value.rows.map(messageOf), has_more: value.hasMore, position };
}

async function post({ events }: MessagesDeps, manager: EntityManager, answer: AgentMessage): Promise<Message> {
  const { tenant, room, agentId } = answer;
  if (!(await rooms.lockChatRoom(manager, { tenant, room }))) throw new RoomcastError('not_found');
  const row: store.NewMessageRow = {
    tenant,
    id: answer.id,
    room,
    sender_id: agentId,
    sender_name: answer.agentName,
    role: 'agent',
    agent_id: agentId,
    content: answer.content,
    status: answer.status,
    reply_to: answer.replyTo,
    mentions: [],
    encrypted: null,
    client_id: null,
    client_hash: null,
    created_at: new Date(),
  };
  await store.insertMessage(manager, row);
  const message = messageOf({ ...row, edited_at: null, deleted_at: null, reactions: [], attachments: [] });
  await events.message(manager, { tenant, userId: agentId }, 'created', message);
  return message;
}

/** Locks a room for somebody who writes in it. @throws RoomcastError `not_found` for who is not in it */
async function enter(manager: EntityManager, { tenant, userId }: Principal, name: string) {
  if (!isChatRoomName(name)) throw new RoomcastError('not_found');
  const room = await rooms.lockChatRoom(manager, { tenant, room: name });
  const members = (await rooms.membersOf(manager, tenant, [name])).get(name) ?? [];
  if (!room || !members.includes(userId)) throw new RoomcastError('not_found');
  return { room, members };
}

/** A message and its room, locked. Admins may delete also where they are not in the room. */
async function openMessage(
  manager: EntityManager,
  caller: Principal,
  id: string,
  { adminsToo = false }: { adminsToo?: boolean } = {},
) {
  const { tenant, userId } = caller;
  const found = await store.findMessage(manager, tenant, id);
  const room = found && (await rooms.lockChatRoom(manager, found));
  // Read again under the lock: another change may have been under way.
  const row = room && (await store.findMessage(manager, tenant, id));
  if (!room || !row) throw new RoomcastError('not_found');
  const members = (await rooms.membersOf(manager, tenant, [row.room])).get(row.room) ?? [];
  if (!members.includes(userId) && !(adminsToo && isAdmin(caller))) throw new RoomcastError('not_found');
  return { row, room, members };
}

async function tell(
  { events }: MessagesDeps,
  manager: EntityManager,
  by: Author,
  what: 'updated' | 'deleted',
  id: string,
): Promise<Message> {
  const row = await store.findMessage(manager, by.tenant, id);
  if (!row) throw new RoomcastError('not_found');
  const message = messageOf(row);
  await events.message(manager, by, what, message);
  return message;
}

async function assertInRoom(manager: EntityManager, room: ChatRoomRow, replyTo: string): Promise<void> {
  if ((await store.placeOf(manager, room, replyTo)) === null) {
    throw badField('reply_to', 'takes the id of a message of the room');
  }
}

function assertThere({ deleted_at }: store.MessageRow): void {
  if (deleted_at !== null) throw new RoomcastError('conflict', 'The message was deleted.');
}

function newRow(
  { tenant, userId, name }: Principal,
  { room }: ChatRoomRow,
  input: NewMessage,
  { members, hash }: { members: readonly string[]; hash: string },
): store.NewMessageRow {
  return {
    tenant,
    id: newId(),
    room,
    sender_id: userId,
    sender_name: name ?? userId,
    role: 'user',
    agent_id: null,
    content: input.content,
    status: 'complete',
    reply_to: input.reply_to ?? null,
    mentions: input.encrypted ? [] : mentionsIn(input.content, members),
    encrypted: input.encrypted ? JSON.stringify(input.encrypted) : null,
    client_id: input.client_id ?? null,
    client_hash: input.client_id === undefined ? null : hash,
    created_at: new Date(),
  };
}

function hashOf(room: string, message: NewMessage): string {
  const { content, reply_to, attachment_ids, persona_id, encrypted, project_id } = message;
  const said = [room, content, reply_to ?? null, attachment_ids ?? [], persona_id ?? null, encrypted ?? null];
  // Not when it is absent: so do the hashes that were stored before there was one.
  if (project_id !== undefined) said.push(project_id);
  return createHash('sha256').update(JSON.stringify(said)).digest('base64');
}

function usedBefore(): RoomcastError {
  return new RoomcastError('conflict', 'client_id: was used before for a message with other content');
}
