// Dialect 000, `/ws/sessions/{id}`: one session with an agent, its people and its history.
import {
  commands,
  ID_PATTERN,
  messageCreated,
  presenceCount,
  presenceDiff,
  presenceState,
  rooms,
  sessionUpdated,
  typingUpdated,
  type Message,
} from '@roomcast/protocol';
import { z } from 'zod';
import type { Principal } from '../../../identity/principal.js';
import type { Member } from '../../../rooms/member.js';
import { endings } from '../ending.js';
import { action, heard, told, type Dialect, type Frame, type Talk } from './dialect.js';
import { roomId } from './room-id.js';

export interface SessionChatDeps {
  /** Takes a place for a connection of a user. @returns gives it back @throws RoomcastError `connection_limit` */
  enterSession: (caller: Principal) => () => void;
  /** Tells a connection now of who came to a room and went, which it would be told of a moment later. */
  tellWhoIsThere: (member: Member, room: string) => void;
}

/** A session, and what a connection knows of who is in it. */
interface Place {
  readonly sessionId: string;
  joined: boolean;
  users: Set<string>;
  /** Of all users; in a large session they are not all known by name. */
  count: number;
}

const anything = z.object({});
const { shape: messageSend } = commands['message.send'].payload;
const spoken = z.object({ data: z.object({ content: messageSend.content }), projectId: messageSend.project_id });

export function createSessionChatDialect({ enterSession, tellWhoIsThere }: SessionChatDeps): Dialect<Place> {
  // In the document somebody comes before they speak.
  const meet = (userId: string, talk: Talk<Place>) => {
    if (!talk.place.users.has(userId)) tellWhoIsThere(talk.member, roomOf(talk));
  };
  return {
    name: '000',
    at(path) {
      const [, sessionId = ''] = /^\/ws\/sessions\/([^/]+)$/.exec(path) ?? [];
      return ID_PATTERN.test(sessionId) ? { sessionId, joined: false, users: new Set(), count: 0 } : null;
    },
    admit: async (caller) => enterSession(caller),

    actionIn: 'action',
    actions: {
      join: action(anything, (_frame, talk) => join(talk)),
      message: action(spoken, async ({ data: { content }, projectId: project_id }, talk) => {
        await enter(talk);
        await talk.ask(commands['message.send'], { room: roomOf(talk), content, project_id });
      }),
      typing: action(anything, async (_frame, talk) => {
        await enter(talk);
        await talk.ask(commands['typing.start'], { room: roomOf(talk) });
      }),
      leave: action(anything, async (_frame, { end }) => end(endings.goodbye)),
    },
    error({ code, message: sentence, retryable, retry_after_ms }, _action, { sessionId }) {
      const message = code === 'not_found' ? 'Session not found' : sentence;
      return { type: 'error', sessionId, message, data: { message, code, retryable, retry_after_ms } };
    },

    events: [
      told(messageCreated, ({ message }) => {
        const sessionId = roomId(message.room, 'session');
        if (sessionId === null) return null;
        const type = message.role === 'agent' ? 'agent_response' : 'user_message';
        return { type, sessionId, data: shown(message, sessionId) };
      }),
      told(typingUpdated, ({ room, user_id: userId, name: username = null, is_typing, is_ai }) => {
        const sessionId = roomId(room, 'session');
        // The document's agents do not type.
        return sessionId === null || !is_typing || is_ai
          ? null
          : { type: 'user_typing', sessionId, data: { userId, username } };
      }),
      told(sessionUpdated, ({ session }) => {
        return system(session.id, { event: 'session_updated', message: 'The session was changed.' });
      }),
    ],
    heard: [
      heard(messageCreated, ({ message: { is_ai, sender_id } }, talk) => !is_ai && meet(sender_id, talk)),
      heard(typingUpdated, ({ is_ai, user_id }, talk) => !is_ai && meet(user_id, talk)),
      heard(presenceDiff, ({ joins, leaves }, talk) => {
        for (const { user_id, name } of joins) come(talk, user_id, name);
        for (const { user_id, name } of leaves) go(talk, user_id, name);
      }),
      heard(presenceState, ({ members }, { place }) => {
        place.users = new Set(members.map(({ user_id }) => user_id));
        place.count = members.length;
      }),
      heard(presenceCount, ({ count }, { place }) => {
        place.count = count;
      }),
    ],
  };
}

const roomOf = ({ place }: Talk<Place>) => rooms.session(place.sessionId);

/** The session as it is, then what happens in it from there on. */
async function join(talk: Talk<Place>): Promise<void> {
  const { ask, say, place, principal } = talk;
  const { sessionId } = place;
  const state = await ask(commands['session.state'], { session_id: sessionId });
  const inside = state.connected_users.some(({ user_id }) => user_id === principal.userId);
  const data = {
    session: state.session,
    messages: state.messages.map((message) => shown(message, sessionId)),
    connectedUsers: state.connected_count + (inside ? 0 : 1),
  };
  say({ type: 'session_state', sessionId, data });
  await enter(talk, state.position);
  say(joined(talk, principal.userId, principal.name));
}

/** Enters the room, if the connection is not in it, or to go on after a position. */
async function enter(talk: Talk<Place>, position?: { offset: number; epoch: string }): Promise<void> {
  const { ask, place, principal } = talk;
  if (place.joined && !position) return;
  const { presence } = await ask(commands.subscribe, { room: roomOf(talk), ...position, presence: true });
  place.joined = true;
  place.users = new Set([principal.userId, ...(presence?.members ?? []).map(({ user_id }) => user_id)]);
  place.count = Math.max(presence?.count ?? 0, place.users.size);
}

function come(talk: Talk<Place>, userId: string, name: string | null | undefined): void {
  const { place, say } = talk;
  // Who is there already says something else about being there.
  if (place.users.has(userId)) return;
  place.users.add(userId);
  place.count++;
  say(joined(talk, userId, name));
}

function go({ place, say }: Talk<Place>, userId: string, name: string | null | undefined): void {
  if (!place.users.delete(userId)) return;
  place.count--;
  const message = `${name ?? userId} left the session.`;
  say(system(place.sessionId, { event: 'user_left', message, connectedUsers: place.count }));
}

function joined({ place: { sessionId, count } }: Talk<Place>, userId: string, name: string | null | undefined): Frame {
  return { type: 'user_joined', sessionId, data: { userId, username: name ?? null, connectedUsers: count } };
}

function system(sessionId: string, data: Frame): Frame {
  return { type: 'system', sessionId, data };
}

/** A message with the fields of the document; an agent is no user. */
function shown(message: Message, sessionId: string): Frame {
  const { role, sender_id, agent_id = null } = message;
  return { ...message, session_id: sessionId, user_id: role === 'agent' ? null : sender_id, agent_id };
}
