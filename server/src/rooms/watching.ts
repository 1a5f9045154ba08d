// Who is in rooms, for connections that ask to be told when they subscribe.
import type { PresencePage } from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import type { Member } from './member.js';
import type { RoomKey } from './room-key.js';

export interface Watching {
  /** Lets rooms be watched in a later turn. Never rejects. @returns lets go of those that are not */
  prepare(rooms: readonly RoomKey[]): Promise<() => void>;
  /**
   * From now on the member is told who comes and goes, until it leaves the room. It must be in the room, and the room
   * prepared.
   * @returns who is there, to be told first; null when nobody can know just now
   */
  watch(member: Member, room: RoomKey): WhoIsThere | null;
  unwatch(member: Member, room: RoomKey): void;
}

/** The same, for an answer and as an event: an answer is optional. */
export interface WhoIsThere {
  readonly page: PresencePage;
  readonly frame: EventFrame;
}
