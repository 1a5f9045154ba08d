// Which rooms keep what is said in them, by name.
import { parseRoom, rooms, roomKinds } from '@roomcast/protocol';
import type { ChatKind } from './chat-room-entity.js';

export function chatRoomName(kind: ChatKind, id: string): string {
  return kind === 'session' ? rooms.session(id) : rooms.conversation(id);
}

/** @returns whether a name is that of a possible session or conversation */
export function isChatRoomName(name: string): boolean {
  const kind = parseRoom(name, roomKinds)?.kind;
  return kind === 'session' || kind === 'conversation';
}
