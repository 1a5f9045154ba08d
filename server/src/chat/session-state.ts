// What somebody finds on coming into a session: the session, its last messages and who is connected, in one answer. With
// the events after its position there is no gap and no overlap.
import {
  CONNECTED_USERS,
  HISTORY_MESSAGES,
  rooms,
  type Message,
  type Position,
  type Session,
} from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { Principal } from '../identity/principal.js';
import { readEntity } from './chat-rooms.js';
import { readHistory } from './message-store.js';
import { messageOf } from './message-view.js';

/** A user with a live connection in a room. */
export interface ConnectedUser {
  user_id: string;
  name: string | null;
}

export interface SessionState {
  session: Session;
  /** The last ones, oldest first. */
  messages: Message[];
  connected_users: ConnectedUser[];
  connected_count: number;
  position: Position;
}

/** @throws RoomcastError `not_found` */
export type ReadSessionState = (caller: Principal, sessionId: string) => Promise<SessionState>;

interface Deps {
  /** Distinct users who are in a room now, the first of them, and how many there are. */
  connected(tenant: string, room: string, most: number): Promise<{ users: ConnectedUser[]; count: number }>;
  readAt<Value>(
    tenant: string,
    room: string,
    read: (manager: EntityManager) => Promise<Value>,
  ): Promise<{ position: Position; value: Value }>;
}

export function createReadSessionState({ connected, readAt }: Deps): ReadSessionState {
  return async (caller, sessionId) => {
    const { tenant } = caller;
    const room = rooms.session(sessionId);
    const { position, value } = await readAt(tenant, room, async (manager) => ({
      session: await readEntity(manager, caller, room),
      history: await readHistory(manager, { tenant, room }, null, HISTORY_MESSAGES),
    }));
    const { session, history } = value;
    if (!('emotion' in session)) throw new TypeError(`${room} is not a session`);
    const { users, count } = await connected(tenant, room, CONNECTED_USERS);
    return {
      session,
      messages: history.rows.map(messageOf),
      connected_users: users,
      connected_count: count,
      position,
    };
  };
}
