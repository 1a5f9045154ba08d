// Dialect 003, `/api/ws`: sessions in which people learn, on all their devices, with what they seem to feel.
import {
  commands,
  emotionUpdated,
  id,
  messageCreated,
  notificationCreated,
  rooms,
  sessionUpdated,
  typingUpdated,
} from '@roomcast/protocol';
import { z } from 'zod';
import { action, told, type Dialect, type Frame } from './dialect.js';
import { leaveRoom } from './leave-room.js';
import { roomId } from './room-id.js';

const frame = <Fields extends z.ZodRawShape>(fields: Fields) => z.object({ data: z.object(fields) });
const session = { session_id: id };
const { shape: messageSend } = commands['message.send'].payload;

/** A frame of a session; null: the event is of another room. */
function inSession(type: string, room: string, data: Frame): Frame | null {
  const session_id = roomId(room, 'session');
  return session_id === null ? null : { type, data: { session_id, ...data } };
}

export const learningChat: Dialect<object> = {
  name: '003',
  at: (path) => (path === '/api/ws' ? {} : null),
  stamp: Date.parse,

  actionIn: 'type',
  actions: {
    join_session: action(frame(session), async ({ data }, { ask }) => {
      await ask(commands.subscribe, { room: rooms.session(data.session_id) });
    }),
    leave_session: action(frame(session), ({ data }, talk) => leaveRoom(talk, rooms.session(data.session_id))),
    user_typing: action(frame({ ...session, is_typing: z.boolean() }), async ({ data }, { ask }) => {
      const command = data.is_typing ? commands['typing.start'] : commands['typing.stop'];
      await ask(command, { room: rooms.session(data.session_id) });
    }),
    message_sent: action(
      frame({ ...session, content: messageSend.content, client_id: messageSend.client_id }),
      async ({ data: { session_id, content, client_id } }, { ask }) => {
        await ask(commands['message.send'], { room: rooms.session(session_id), content, client_id });
      },
    ),
    ping: action(z.object({}), async (_frame, { say }) => {
      say({ type: 'pong', data: { timestamp: new Date().toISOString() } });
    }),
  },
  error: ({ code, message }) => ({ type: 'error', data: { code, message } }),

  events: [
    told(messageCreated, ({ message }) => inSession('message_received', message.room, { message })),
    told(typingUpdated, ({ room, user_id, is_typing, is_ai }) => {
      return inSession('typing_indicator', room, { user_id, is_typing, is_ai });
    }),
    told(emotionUpdated, ({ room, message_id, emotion }) => inSession('emotion_update', room, { message_id, emotion })),
    told(sessionUpdated, ({ session, changes }) => {
      return { type: 'session_update', data: { session_id: session.id, session, changes } };
    }),
    told(notificationCreated, ({ notification }) => ({ type: 'notification', data: { notification } })),
  ],
};
