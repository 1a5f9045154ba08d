// Dialect 002, `/ws/auth` and `/ws/{user_id}`: conversations of people, who is online, and personas that answer.
import {
  commands,
  id,
  ID_PATTERN,
  messageCreated,
  presenceUpdated,
  RoomcastError,
  rooms,
  typingUpdated,
} from '@roomcast/protocol';
import { z } from 'zod';
import type { Principal } from '../../../identity/principal.js';
import { action, told, type Dialect } from './dialect.js';
import { leaveRoom } from './leave-room.js';
import { roomId } from './room-id.js';

export interface ConversationChatDeps {
  /** Users who are online and share a room with somebody. */
  onlineAround: (caller: Principal) => Promise<readonly string[]>;
}

/** The user that the path names; null: it names none. */
interface Place {
  readonly userId: string | null;
}

/** What stands below `/ws` and is no user. */
const RESERVED = ['auth', 'notifications', 'projects', 'sessions', 'v1'];

const inConversation = z.object({ conversation_id: id });
const { shape: messageSend } = commands['message.send'].payload;

export function createConversationChatDialect({ onlineAround }: ConversationChatDeps): Dialect<Place> {
  return {
    name: '002',
    at(path) {
      if (path === '/ws/auth') return { userId: null };
      const [, userId = ''] = /^\/ws\/([^/]+)$/.exec(path) ?? [];
      return ID_PATTERN.test(userId) && !RESERVED.includes(userId) ? { userId } : null;
    },
    async admit(caller, { userId }) {
      if (userId === null || userId === caller.userId) return undefined;
      throw new RoomcastError('forbidden', 'The token is of another user than the one in the path.');
    },
    async begin({ principal, say }) {
      const others = await onlineAround(principal);
      say({ type: 'online_users', users: [...new Set([principal.userId, ...others])] });
    },

    actionIn: 'type',
    actions: {
      join_conversation: action(inConversation, async ({ conversation_id }, { ask, say }) => {
        await ask(commands.subscribe, { room: rooms.conversation(conversation_id) });
        say({ type: 'conversation_joined', conversation_id });
      }),
      leave_conversation: action(inConversation, ({ conversation_id }, talk) =>
        leaveRoom(talk, rooms.conversation(conversation_id)),
      ),
      send_message: action(
        inConversation.extend({ content: messageSend.content, persona_id: messageSend.persona_id }),
        async ({ conversation_id, content, persona_id }, { ask }) => {
          await ask(commands['message.send'], { room: rooms.conversation(conversation_id), content, persona_id });
        },
      ),
      typing_start: action(inConversation, async ({ conversation_id }, { ask }) => {
        await ask(commands['typing.start'], { room: rooms.conversation(conversation_id) });
      }),
      typing_stop: action(inConversation, async ({ conversation_id }, { ask }) => {
        await ask(commands['typing.stop'], { room: rooms.conversation(conversation_id) });
      }),
      get_online_status: action(commands['presence.get'].payload, async ({ user_ids }, { ask, say }) => {
        const { users } = await ask(commands['presence.get'], { user_ids });
        const shown = users.map(({ user_id, online, last_seen }) => ({ user_id, online, last_seen }));
        say({ type: 'online_status', users: shown });
      }),
    },
    error: ({ message, code }) => ({ type: 'error', message, code }),

    events: [
      told(messageCreated, ({ message: { room, id, sender_id, content, created_at, is_ai } }) => {
        const conversation_id = roomId(room, 'conversation');
        const message = { id, sender_id, content, timestamp: created_at, is_ai };
        return conversation_id === null ? null : { type: 'new_message', conversation_id, message };
      }),
      told(typingUpdated, ({ room, user_id, is_typing }) => {
        const conversation_id = roomId(room, 'conversation');
        return conversation_id === null ? null : { type: 'typing_indicator', conversation_id, user_id, is_typing };
      }),
      told(presenceUpdated, ({ user_id, online }) => ({ type: 'presence_update', user_id, online })),
    ],
  };
}
