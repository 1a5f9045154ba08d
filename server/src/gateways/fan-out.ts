// Hands each row to the members of its rooms, once each, and gathers what one turn brings into one write a member.
// 68 % of a delivery is the system call, so frames are written together; an event that comes alone is not delayed.
import type { EventFrame } from '../events/event-frame.js';
import type { LogRow, StreamKey, StreamPosition } from '../events/log-row.js';
import { tenantOf, wireStream } from '../events/log-row.js';
import type { Delivery, ResetReason } from '../events/sequencer.js';
import type { Clock } from '../ops/clock.js';
import type { Member } from '../rooms/member.js';
import type { Membership } from '../rooms/membership.js';
import { roomKeysOf, wireRoom } from '../rooms/room-key.js';

interface Deps {
  membership: Pick<Membership, 'inRoom' | 'members'>;
  frameOf: (row: LogRow) => EventFrame;
  clock: Clock;
  /** Called after a row that ends a room has been written. */
  roomEnded: (row: LogRow) => void;
  /** Told of events written to members, and of when the first of them was committed (ISO 8601). */
  onDelivered?: (events: number, committedAt: string) => void;
}

export interface FanOut extends Delivery {
  /** Hands an event that is not logged to the members of rooms, now. @param except the id of one that is left out */
  send(tenant: string, rooms: readonly string[], frame: EventFrame, except?: string): void;
}

export function createFanOut({ membership, frameOf, clock, roomEnded, onDelivered }: Deps): FanOut {
  const runs = new Map<StreamKey, LogRow[]>();

  // Joins and leaves flush first, so the audience of a gathered row is still the one it was delivered to.
  function flush(stream: StreamKey): void {
    const run = runs.get(stream);
    if (!run) return;
    runs.delete(stream);
    for (const part of runsOfOneAudience(run)) {
      const frames = part.map(frameOf);
      const audience = audienceOf(stream, part[0]?.rooms ?? []);
      for (const member of audience) member.wire.write(frames);
      if (part[0]) onDelivered?.(audience.size * frames.length, part[0].at);
    }
  }

  function audienceOf(stream: StreamKey, rooms: readonly string[]): ReadonlySet<Member> {
    const [only, ...others] = roomKeysOf(stream, rooms).map((room) => membership.inRoom(room));
    const inhabited = [only, ...others].filter((members) => members !== undefined && members.size > 0);
    if (inhabited.length === 1 && inhabited[0]) return inhabited[0];
    return new Set(inhabited.flatMap((members) => [...(members ?? [])]));
  }

  return {
    deliver(row) {
      const run = runs.get(row.stream);
      if (run) run.push(row);
      else {
        runs.set(row.stream, [row]);
        clock.endOfTurn(() => flush(row.stream));
      }
      roomEnded(row);
    },
    flush,
    send(tenant, rooms, frame, except) {
      const audience = audienceOf(`${tenant}/`, rooms);
      for (const member of audience) if (member.id !== except) member.wire.write([frame]);
    },
    reset(stream, position, reason) {
      for (const member of membership.members) resetMember(member, stream, position, reason);
    },
  };
}

/** Rows in order, cut where the rooms change. */
function runsOfOneAudience(rows: readonly LogRow[]): LogRow[][] {
  const parts: LogRow[][] = [];
  for (const row of rows) {
    const part = parts.at(-1);
    if (part?.[0] && part[0].rooms.join(' ') === row.rooms.join(' ')) part.push(row);
    else parts.push([row]);
  }
  return parts;
}

function resetMember(member: Member, stream: StreamKey, position: StreamPosition, reason: ResetReason): void {
  if (member.principal.tenant !== tenantOf(stream)) return;
  const rooms = [...member.subscriptions].filter(([, { sequencer }]) => sequencer.stream === stream);
  if (rooms.length === 0) return;
  for (const [, subscription] of rooms) subscription.from = position.offset;
  member.wire.notify('room.reset', {
    stream: wireStream(stream),
    rooms: rooms.map(([room]) => wireRoom(room)),
    offset: position.offset,
    epoch: position.epoch,
    ...(position.lastId === null ? {} : { last_id: position.lastId }),
    reason,
  });
}
