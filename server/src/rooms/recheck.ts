// Asks again for the rights of live subscriptions: after a token was renewed, after a break of the control stream, and
// every minute for what nobody has announced.
import { parseRoom, type ParsedRoom, type RoomKind } from '@roomcast/protocol';
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';
import type { Access } from './access.js';
import type { Member } from './member.js';
import type { Membership } from './membership.js';
import type { Revocations } from './revocations.js';
import { roomKey, wireRoom } from './room-key.js';

const EVERY_MS = 60_000;

interface Deps {
  membership: Pick<Membership, 'members'>;
  access: Access;
  revocations: Pick<Revocations, 'revoke'>;
  roomKinds: readonly RoomKind[];
  clock: Clock;
  failed: (error: unknown) => void;
}

export interface Recheck {
  /** Takes from a member every room that it may not be in any more. */
  member(member: Member): Promise<void>;
  everybody(): Promise<void>;
  /** Begins to re-check everybody by itself. @returns stops it; resolves when nothing is under way */
  start(): () => Promise<void>;
}

export function createRecheck({ membership, access, revocations, roomKinds, clock, failed }: Deps): Recheck {
  async function member(of: Member): Promise<void> {
    const before = new Map(of.subscriptions);
    const names = [...before.keys()].map(wireRoom);
    const rooms = names.map((name) => parseRoom(name, roomKinds)).filter((room): room is ParsedRoom => room !== null);
    const { control, decisions } = await access.authorize(of.principal, rooms);
    rooms.forEach((room, index) => {
      const key = roomKey(of.principal.tenant, room.name);
      const subscription = of.subscriptions.get(key);
      // Who has left meanwhile and is here again had the rights read later.
      if (!subscription || subscription !== before.get(key)) return;
      if (decisions[index] === 'granted') subscription.control = control;
      else revocations.revoke(of, key, 'access');
    });
  }

  async function everybody(): Promise<void> {
    for (const of of [...membership.members]) if (!of.closed) await member(of);
  }

  return { member, everybody, start: () => repeat(clock, EVERY_MS, everybody, failed) };
}
