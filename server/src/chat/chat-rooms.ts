// Sessions and conversations: who makes them is their owner, who is in them may enter their room. A change, the event that
// tells of it, and the right that it gives or takes are one transaction.
import { RoomcastError, type Conversation, type Message, type Position, type Session } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Revocation } from '../events/revocation.js';
import { isAdmin, type Principal } from '../identity/principal.js';
import type { ListPage, ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import { entityOf, type ChatEntity, type ChatEvents } from './chat-events.js';
import type { ChatKind, ChatRoomRow } from './chat-room-entity.js';
import { chatRoomName } from './chat-room-name.js';
import * as store from './chat-room-store.js';
import { readMessages } from './message-store.js';
import { messageOf } from './message-view.js';

export interface NewSession {
  id?: string | undefined;
  type?: Session['type'] | undefined;
  title?: string | undefined;
  project_id?: string | undefined;
  participant_ids?: readonly string[] | undefined;
  emotion?: boolean | undefined;
}

export interface NewConversation {
  id?: string | undefined;
  title?: string | undefined;
  persona_id?: string | undefined;
  participant_ids: readonly string[];
}

export interface ChatRoomChanges {
  title?: string | undefined;
  archived?: boolean | undefined;
  /** Of a session. */
  emotion?: boolean | undefined;
}

/** A room in the list of one's own. */
export type ListedChatRoom = ChatEntity & {
  unread: number;
  unread_mentions: number;
  last_message: Message | null;
};

export interface ChatRooms {
  /** @throws RoomcastError `conflict` when the id is taken */
  createSession(caller: Principal, input: NewSession): Promise<Session>;
  /** The caller is a participant, too. @throws RoomcastError `conflict` when the id is taken */
  createConversation(caller: Principal, input: NewConversation): Promise<Conversation>;
  /** What the caller is to a room; null to who is not in it, and where there is none. */
  standing(caller: Principal, room: string): Promise<'owner' | 'participant' | null>;
  /** Those that the caller is in, newest first. */
  list(caller: Principal, kind: ChatKind, page: ListRequest): Promise<ListPage<ListedChatRoom>>;
  /** @returns it, and a position of its room that is not newer @throws RoomcastError `not_found` */
  find(caller: Principal, kind: ChatKind, id: string): Promise<ChatEntity & { position: Position }>;
  /** Changes the fields given and no others. @throws RoomcastError `not_found`, `forbidden` */
  change(caller: Principal, kind: ChatKind, id: string, changes: ChatRoomChanges): Promise<ChatEntity>;
  /** What is archived can be read, and nothing more be said in it. @throws RoomcastError `not_found`, `forbidden` */
  archive(caller: Principal, kind: ChatKind, id: string): Promise<ChatEntity>;
  /** Nothing happens when the user is in it. @throws RoomcastError `not_found`, `forbidden` */
  addParticipant(caller: Principal, kind: ChatKind, id: string, userId: string): Promise<ChatEntity>;
  /** Everybody may take themselves out. @throws RoomcastError `not_found`, `forbidden`, `conflict` (a session's owner) */
  removeParticipant(caller: Principal, kind: ChatKind, id: string, userId: string): Promise<ChatEntity>;
}

export interface ChatRoomsDeps {
  dataSource: DataSource;
  events: ChatEvents;
  /** Takes a room from a user, in the transaction. */
  revoke(manager: EntityManager, revocation: Revocation): Promise<void>;
  /** Makes the rows of users who were not seen yet. */
  ensureUser(manager: EntityManager, tenant: string, ...ids: readonly string[]): Promise<void>;
  /** Reads in a snapshot, with the position of the room that the snapshot is true at. */
  readAt<Value>(
    tenant: string,
    room: string,
    read: (manager: EntityManager) => Promise<Value>,
  ): Promise<{ position: Position; value: Value }>;
}

export function createChatRooms(deps: ChatRoomsDeps): ChatRooms {
  const changing = (caller: Principal, kind: ChatKind, id: string) => ({ caller, kind, id });
  return {
    async createSession(caller, { participant_ids = [], ...input }) {
      const own = { kind: 'session', type: input.type ?? 'chat', projectId: input.project_id ?? null } as const;
      const row = newRow(caller, { ...input, ...own, emotion: input.emotion ?? true });
      return asSession(await create(deps, caller, row, participant_ids));
    },
    async createConversation(caller, { participant_ids, ...input }) {
      const row = newRow(caller, { ...input, kind: 'conversation', personaId: input.persona_id ?? null });
      return asConversation(await create(deps, caller, row, participant_ids));
    },
    standing: (caller, room) => standing(deps, caller, room),
    list: (caller, kind, page) => list(deps, caller, kind, page),
    find: (caller, kind, id) => find(deps, caller, kind, id),
    change: (caller, kind, id, changes) => change(deps, changing(caller, kind, id), changes),
    archive: (caller, kind, id) => archive(deps, changing(caller, kind, id)),
    addParticipant: (caller, kind, id, userId) => add(deps, changing(caller, kind, id), userId),
    removeParticipant: (caller, kind, id, userId) => remove(deps, changing(caller, kind, id), userId),
  };
}

async function create(
  { dataSource, ensureUser, events }: ChatRoomsDeps,
  caller: Principal,
  row: ChatRoomRow,
  participants: readonly string[],
): Promise<ChatEntity> {
  const members = [...new Set([caller.userId, ...participants])];
  return inTransaction(dataSource, async (manager) => {
    await ensureUser(manager, row.tenant, ...members);
    if (!(await store.insertChatRoom(manager, row))) throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
    await store.insertMembers(manager, row, members);
    const entity = entityOf(row, members);
    await events.room(manager, caller, entity, { created: true });
    for (const member of members) {
      if (member !== caller.userId) await events.membership(manager, caller, row.room, member, true);
    }
    return entity;
  });
}

async function standing({ dataSource: { manager } }: ChatRoomsDeps, { tenant, userId }: Principal, room: string) {
  const row = await store.findChatRoom(manager, { tenant, room });
  if (!row || !(await store.isMember(manager, row, userId))) return null;
  return row.ownerId === userId ? 'owner' : 'participant';
}

async function list(
  { dataSource: { manager } }: ChatRoomsDeps,
  { tenant, userId }: Principal,
  kind: ChatKind,
  page: ListRequest,
): Promise<ListPage<ListedChatRoom>> {
  const { items, next } = await store.listChatRooms(manager, { tenant, kind, userId }, page);
  const names = items.map(({ room }) => room);
  const members = await store.membersOf(manager, tenant, names);
  const readings = await store.readingsOf(manager, { tenant, userId }, names);
  const lastIds = [...readings.values()].flatMap(({ lastMessageId }) => lastMessageId ?? []);
  const last = new Map((await readMessages(manager, tenant, lastIds)).map((row) => [row.room, messageOf(row)]));
  const listed = items.map((row) => ({
    ...entityOf(row, members.get(row.room) ?? []),
    unread: readings.get(row.room)?.unread ?? 0,
    unread_mentions: readings.get(row.room)?.unreadMentions ?? 0,
    last_message: last.get(row.room) ?? null,
  }));
  return { items: listed, next };
}

async function find({ readAt }: ChatRoomsDeps, caller: Principal, kind: ChatKind, id: string) {
  const room = chatRoomName(kind, id);
  const { position, value } = await readAt(caller.tenant, room, (manager) => readEntity(manager, caller, room));
  return { ...value, position };
}

/** @throws RoomcastError `not_found` also where the caller is not in the room */
export async function readEntity(
  manager: EntityManager,
  { tenant, userId }: Principal,
  room: string,
): Promise<ChatEntity> {
  const row = await store.findChatRoom(manager, { tenant, room });
  const members = (await store.membersOf(manager, tenant, [room])).get(room) ?? [];
  if (!row || !members.includes(userId)) throw new RoomcastError('not_found');
  return entityOf(row, members);
}

interface Changing {
  caller: Principal;
  kind: ChatKind;
  id: string;
}

/** The room, locked, and who is in it. @throws RoomcastError `not_found` where the caller may not know of it */
async function open(manager: EntityManager, { caller, kind, id }: Changing) {
  const { tenant, userId } = caller;
  const room = chatRoomName(kind, id);
  const row = await store.lockChatRoom(manager, { tenant, room });
  const members = (await store.membersOf(manager, tenant, [room])).get(room) ?? [];
  if (!row) throw new RoomcastError('not_found');
  const inside = members.includes(userId);
  const owns = row.ownerId === userId || isAdmin(caller);
  if (!inside && !owns) throw new RoomcastError('not_found');
  return { row, members, inside, owns };
}

async function change(deps: ChatRoomsDeps, of: Changing, changes: ChatRoomChanges): Promise<ChatEntity> {
  return inTransaction(deps.dataSource, async (manager) => {
    const { row, members, inside, owns } = await open(manager, of);
    if (!owns && !(row.kind === 'conversation' && inside)) throw onlyOwners('changed');
    return write(deps, manager, of, { row, members }, changes);
  });
}

async function archive(deps: ChatRoomsDeps, of: Changing): Promise<ChatEntity> {
  return inTransaction(deps.dataSource, async (manager) => {
    const { row, members, owns } = await open(manager, of);
    if (!owns) throw onlyOwners('archived');
    return write(deps, manager, of, { row, members }, { archived: true });
  });
}

async function write(
  { events }: ChatRoomsDeps,
  manager: EntityManager,
  { caller }: Changing,
  { row, members }: { row: ChatRoomRow; members: string[] },
  changes: ChatRoomChanges,
): Promise<ChatEntity> {
  const fields = { ...given(changes), updatedAt: new Date() };
  await store.updateChatRoom(manager, row, fields);
  const entity = entityOf({ ...row, ...fields }, members);
  await events.room(manager, caller, entity, { ...given(changes) });
  return entity;
}

async function add(deps: ChatRoomsDeps, of: Changing, userId: string): Promise<ChatEntity> {
  const { events } = deps;
  return inTransaction(deps.dataSource, async (manager) => {
    const { row, members, owns } = await open(manager, of);
    if (!owns) throw onlyOwners('given participants');
    if (members.includes(userId)) return entityOf(row, members);
    await deps.ensureUser(manager, row.tenant, userId);
    await store.insertMembers(manager, row, [userId]);
    const entity = await touched(manager, row, [...members, userId]);
    await events.room(manager, of.caller, entity, { participant_ids: entity.participant_ids });
    await events.membership(manager, of.caller, row.room, userId, true);
    return entity;
  });
}

async function remove(deps: ChatRoomsDeps, of: Changing, userId: string): Promise<ChatEntity> {
  const { events } = deps;
  return inTransaction(deps.dataSource, async (manager) => {
    const { row, members, owns } = await open(manager, of);
    if (!owns && of.caller.userId !== userId) throw onlyOwners('rid of participants');
    if (!members.includes(userId)) throw new RoomcastError('not_found');
    if (row.kind === 'session' && row.ownerId === userId) {
      throw new RoomcastError('conflict', 'The owner of a session stays in it; it can be archived.');
    }
    await store.deleteMember(manager, row, userId);
    const rest = members.filter((member) => member !== userId);
    const entity = await touched(manager, row, rest);
    await events.room(manager, of.caller, entity, { participant_ids: entity.participant_ids });
    await events.membership(manager, of.caller, row.room, userId, false);
    await deps.revoke(manager, { tenant: row.tenant, user: userId, room: row.room, reason: 'removed' });
    return entity;
  });
}

async function touched(manager: EntityManager, row: ChatRoomRow, members: readonly string[]): Promise<ChatEntity> {
  const updatedAt = new Date();
  await store.updateChatRoom(manager, row, { updatedAt });
  return entityOf({ ...row, updatedAt }, members);
}

function newRow(
  { tenant, userId }: Principal,
  {
    id = newId(),
    kind,
    title,
    ...more
  }: Partial<Omit<ChatRoomRow, 'title'>> & { kind: ChatKind; title?: string | undefined },
): ChatRoomRow {
  const now = new Date();
  return {
    tenant,
    room: chatRoomName(kind, id),
    kind,
    id,
    type: more.type ?? null,
    title: title ?? null,
    projectId: more.projectId ?? null,
    personaId: more.personaId ?? null,
    ownerId: userId,
    emotion: more.emotion ?? false,
    archived: false,
    createdAt: now,
    updatedAt: now,
  };
}

/** The fields that have a value: what is absent must neither be written nor told. */
function given({ title, archived, emotion }: ChatRoomChanges): ChatRoomChanges {
  return {
    ...(title === undefined ? {} : { title }),
    ...(archived === undefined ? {} : { archived }),
    ...(emotion === undefined ? {} : { emotion }),
  };
}

function onlyOwners(what: string): RoomcastError {
  return new RoomcastError('forbidden', `It is ${what} by its owner or by an admin.`);
}

function asSession(entity: ChatEntity): Session {
  if ('emotion' in entity) return entity;
  throw new TypeError('a conversation was made in the place of a session');
}

function asConversation(entity: ChatEntity): Conversation {
  if ('persona_id' in entity) return entity;
  throw new TypeError('a session was made in the place of a conversation');
}
