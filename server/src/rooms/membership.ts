// Who is in which room on this node. A join or leave first writes what the stream has gathered, so that the audience of
// gathered rows is always the one that they were delivered to.
import type { Sequencer } from '../events/sequencer.js';
import type { StreamKey } from '../events/log-row.js';
import type { Member, Subscription } from './member.js';
import type { RoomKey } from './room-key.js';

/** Told who comes and goes, after it has happened. */
export interface Attendance {
  connected(member: Member): void;
  entered(member: Member, room: RoomKey): void;
  /** @param returns nobody said goodbye: the same client may be there again soon */
  left(member: Member, room: RoomKey, returns: boolean): void;
  /** After it has left its rooms. */
  disconnected(member: Member, returns: boolean): void;
}

interface Deps {
  flush: (stream: StreamKey) => void;
  hold: (sequencer: Sequencer) => void;
  unpin: (sequencer: Sequencer) => void;
  attendance: Attendance;
}

const NOBODY: ReadonlySet<Member> = new Set();

export interface Membership {
  /** All live connections of this node. */
  readonly members: ReadonlySet<Member>;
  inRoom(room: RoomKey): ReadonlySet<Member>;
  /** Rooms that anybody is in, with how many. */
  rooms(): Iterable<[RoomKey, number]>;
  add(member: Member): void;
  join(member: Member, room: RoomKey, subscription: Subscription): void;
  /**
   * @param returns it will join again, from another position
   * @returns whether the member was in the room
   */
  leave(member: Member, room: RoomKey, returns?: boolean): boolean;
  /** The connection is gone: it gets nothing any more. @param returns its client did not say goodbye */
  remove(member: Member, returns: boolean): void;
}

export function createMembership({ flush, hold, unpin, attendance }: Deps): Membership {
  const members = new Set<Member>();
  const rooms = new Map<RoomKey, Set<Member>>();

  function forget(member: Member, room: RoomKey, { sequencer }: Subscription): void {
    const inRoom = rooms.get(room);
    inRoom?.delete(member);
    if (inRoom?.size === 0) rooms.delete(room);
    member.subscriptions.delete(room);
    unpin(sequencer);
  }

  function take(member: Member, room: RoomKey): boolean {
    const subscription = member.subscriptions.get(room);
    if (!subscription) return false;
    flush(subscription.sequencer.stream);
    forget(member, room, subscription);
    return true;
  }

  return {
    members,
    inRoom: (room) => rooms.get(room) ?? NOBODY,
    *rooms() {
      for (const [room, inRoom] of rooms) yield [room, inRoom.size];
    },
    add(member) {
      members.add(member);
      attendance.connected(member);
    },
    join(member, room, subscription) {
      const wasIn = take(member, room);
      flush(subscription.sequencer.stream);
      hold(subscription.sequencer);
      member.subscriptions.set(room, subscription);
      const inRoom = rooms.get(room);
      if (inRoom) inRoom.add(member);
      else rooms.set(room, new Set([member]));
      if (!wasIn) attendance.entered(member, room);
    },
    leave(member, room, returns = false) {
      const wasIn = take(member, room);
      if (wasIn) attendance.left(member, room, returns);
      return wasIn;
    },
    remove(member, returns) {
      member.closed = true;
      members.delete(member);
      for (const [room, subscription] of [...member.subscriptions]) {
        forget(member, room, subscription);
        attendance.left(member, room, returns);
      }
      attendance.disconnected(member, returns);
    },
  };
}
