// A session or a conversation: a room whose messages are kept. What is said in both follows the same rules.
import { EntitySchema } from 'typeorm';

export type ChatKind = 'session' | 'conversation';

export interface ChatRoomRow {
  tenant: string;
  /** As on the wire: `session:7`. */
  room: string;
  kind: ChatKind;
  id: string;
  /** Of a session. */
  type: string | null;
  title: string | null;
  projectId: string | null;
  /** The agent that answers in a conversation. */
  personaId: string | null;
  ownerId: string;
  emotion: boolean;
  archived: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export const ChatRoomEntity = new EntitySchema<ChatRoomRow>({
  name: 'chat_room',
  tableName: 'chat_rooms',
  columns: {
    tenant: { type: 'text', primary: true },
    room: { type: 'text', primary: true },
    kind: { type: 'text' },
    id: { type: 'text' },
    type: { type: 'text', nullable: true },
    title: { type: 'text', nullable: true },
    projectId: { type: 'text', name: 'project_id', nullable: true },
    personaId: { type: 'text', name: 'persona_id', nullable: true },
    ownerId: { type: 'text', name: 'owner_id' },
    emotion: { type: 'boolean' },
    archived: { type: 'boolean' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    updatedAt: { type: 'timestamptz', name: 'updated_at' },
  },
});
