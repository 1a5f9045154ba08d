// Applies what the control stream says: members leave rooms, connections end, on this node, in that order.
// Rights that were read after a revocation are not touched by it, so what was given back stays.
import { z } from 'zod';
import type { ControlPosition, LogRow } from '../events/log-row.js';
import type { Clock } from '../ops/clock.js';
import type { Principal } from '../identity/principal.js';
import type { Member } from './member.js';
import type { Membership } from './membership.js';
import { roomKey, wireRoom, type RoomKey } from './room-key.js';

/** A revoked connection whose backlog is not written by then is terminated. */
const STALLED_MS = 1_000;
/** Revocations that are remembered for reads in flight; such a read never takes as long as this many revocations. */
const REMEMBERED = 10_000;

const revocation = z.object({
  tenant: z.string(),
  user: z.string().optional(),
  key: z.string().optional(),
  room: z.string().optional(),
  reason: z.string(),
});
export type Revocation = z.output<typeof revocation>;

/** What a row of the control stream says. */
export function revocationOf(row: LogRow): Revocation {
  return revocation.parse(JSON.parse(row.data));
}

export interface Revocations {
  /** Applies a row of the control stream. */
  apply(row: LogRow): void;
  /** Everybody leaves a room that has ended. */
  endRoom(room: RoomKey, reason: string): void;
  /** Takes a room from a member and tells it. */
  revoke(member: Member, room: RoomKey, reason: string): void;
  /** Whether something of these rooms was, or may have been, taken from the principal after the control position. */
  overtook(principal: Principal, rooms: readonly string[], control: ControlPosition): boolean;
  /** Rows of the control stream up to here were jumped over, or the stream is another one. */
  jump(to: ControlPosition): void;
}

/** A row of the control stream that was applied. */
type Applied = Pick<LogRow, 'offset' | 'id'>;

interface Deps {
  membership: Membership;
  clock: Clock;
  /** The life of the log that this node follows the control stream in. */
  epoch: () => string;
}

export function createRevocations({ membership, clock, epoch }: Deps): Revocations {
  const remembered = new Map<string, Applied>();
  let forgotten = 0;

  /** What was read in another life of the log may not have seen a row of this one. */
  const sawAll = (control: ControlPosition, offset: number) => control.epoch === epoch() && control.offset >= offset;
  const saw = (control: ControlPosition, { offset, id }: Applied) =>
    sawAll(control, offset) || (control.epoch === epoch() && control.ahead?.includes(id) === true);

  function remember(name: string, { offset, id }: Applied): void {
    remembered.delete(name);
    remembered.set(name, { offset, id });
    const [oldest] = remembered;
    if (!oldest || remembered.size <= REMEMBERED) return;
    remembered.delete(oldest[0]);
    forgotten = oldest[1].offset;
  }

  function endIfStalled(member: Member): void {
    const cancel = clock.after(STALLED_MS, () => member.wire.close('stalled', false));
    void member.wire.drained().then(cancel);
  }

  function take(member: Member, room: RoomKey, reason: string): boolean {
    if (!membership.leave(member, room)) return false;
    member.wire.notify('room.revoked', { room: wireRoom(room), reason });
    return true;
  }

  function revoke(member: Member, room: RoomKey, reason: string): void {
    if (take(member, room, reason)) endIfStalled(member);
  }

  /** Its rooms are taken first: what waits to be written is written, and it is told why it gets no more. */
  function throwOut(member: Member, reason: string): void {
    member.thrownOut = true;
    for (const room of [...member.subscriptions.keys()]) take(member, room, reason);
    member.wire.close(reason, true);
    // Who reads is gone by then.
    clock.after(STALLED_MS, () => member.wire.close('stalled', false));
  }

  function revokeRoom(of: Revocation & { room: string }, row: Applied): void {
    const room = roomKey(of.tenant, of.room);
    for (const member of [...membership.inRoom(room)]) {
      const subscription = member.subscriptions.get(room);
      if (concerns(of, member.principal) && subscription && !saw(subscription.control, row)) {
        revoke(member, room, of.reason);
      }
    }
  }

  return {
    apply(row) {
      const of = revocationOf(row);
      remember(nameOf(of), row);
      if (of.room !== undefined) return revokeRoom({ ...of, room: of.room }, row);
      for (const member of [...membership.members]) {
        if (concerns(of, member.principal) && !saw(member.control, row)) throwOut(member, of.reason);
      }
    },
    endRoom(room, reason) {
      for (const member of [...membership.inRoom(room)]) revoke(member, room, reason);
    },
    revoke,
    overtook(principal, rooms, control) {
      if (!sawAll(control, forgotten)) return true;
      const { tenant, userId: user, keyId } = principal;
      const later = (of: Omit<Revocation, 'reason'>) => {
        const row = remembered.get(nameOf(of));
        return row !== undefined && !saw(control, row);
      };
      if (later({ tenant, user }) || (keyId !== null && later({ tenant, key: keyId }))) return true;
      return rooms.some((room) => later({ tenant, user, room }));
    },
    jump({ offset }) {
      remembered.clear();
      forgotten = offset;
    },
  };
}

function concerns(of: Revocation, principal: Principal): boolean {
  if (of.tenant !== principal.tenant) return false;
  return of.user === undefined ? of.key === principal.keyId : of.user === principal.userId;
}

function nameOf({ tenant, user, key, room }: Omit<Revocation, 'reason'>): string {
  return JSON.stringify([tenant, user, key, room]);
}
