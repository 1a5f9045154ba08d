// How changes of sessions, conversations and messages are told: each with the change, in its transaction.
import { rooms, type BuiltInCatalogue, type Conversation, type Message, type Session } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { ChatRoomRow } from './chat-room-entity.js';

/** Who changes something: the tenant, and the user, key or agent in it. */
export interface Author {
  readonly tenant: string;
  readonly userId: string;
}

export interface ChatEvents {
  message(manager: EntityManager, by: Author, what: 'created' | 'updated' | 'deleted', message: Message): Promise<void>;
  room(manager: EntityManager, by: Author, entity: ChatEntity, changes: Record<string, unknown>): Promise<void>;
  /** To a user who was put into a room, or taken out of it. */
  membership(manager: EntityManager, by: Author, room: string, userId: string, member: boolean): Promise<void>;
  read(manager: EntityManager, by: Author, room: string, messageId: string): Promise<void>;
}

export type ChatEntity = Session | Conversation;

export function createChatEvents(broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>): ChatEvents {
  const from = ({ tenant, userId }: Author) => ({ tenant, caller: userId });
  return {
    async message(manager, by, what, message) {
      await broadcaster.in(manager).emit(`message.${what}`, { message }, from(by));
    },
    async room(manager, by, entity, changes) {
      const events = broadcaster.in(manager);
      if (isSession(entity)) await events.emit('session.updated', { session: entity, changes }, from(by));
      else await events.emit('conversation.updated', { conversation: entity, changes }, from(by));
    },
    async membership(manager, by, room, userId, member) {
      const data = { room, member, by: by.userId };
      await broadcaster.in(manager).emit('membership.changed', data, { ...from(by), rooms: [rooms.user(userId)] });
    },
    async read(manager, by, room, messageId) {
      const data = { room, user_id: by.userId, message_id: messageId };
      await broadcaster.in(manager).emit('read.updated', data, from(by));
    },
  };
}

function isSession(entity: ChatEntity): entity is Session {
  return 'emotion' in entity;
}

/** @param members all who are in the room, its owner included */
export function entityOf(row: ChatRoomRow, members: readonly string[]): ChatEntity {
  const shared = {
    id: row.id,
    title: row.title,
    owner_id: row.ownerId,
    archived: row.archived,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
  if (row.kind === 'conversation') return { ...shared, persona_id: row.personaId, participant_ids: [...members] };
  return {
    ...shared,
    type: sessionTypeOf(row),
    project_id: row.projectId,
    emotion: row.emotion,
    participant_ids: members.filter((member) => member !== row.ownerId),
  };
}

function sessionTypeOf({ type }: ChatRoomRow): Session['type'] {
  return type === 'socratic' || type === 'code_review' ? type : 'chat';
}
