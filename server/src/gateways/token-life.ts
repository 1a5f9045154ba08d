// The end of a connection's token: told a minute before, renewed in place by `auth.refresh`, and without that the
// transport is closed after a grace, so that the client comes back with a new one. What cannot be renewed has no grace.
import type { Clock } from '../ops/clock.js';
import type { Member } from '../rooms/member.js';

const WARNING_MS = 60_000;
const GRACE_MS = 25_000;
const SWEEP_MS = 1_000;

interface Deps {
  members: ReadonlySet<Member>;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock: () => number;
}

/** Begins to watch all members. @returns stops it */
export function watchTokens({ members, clock, wallClock }: Deps): () => void {
  /** For which end each member was warned. */
  const warned = new WeakMap<Member, number>();

  function look(member: Member, now: number): void {
    const end = member.principal.expiresAt?.getTime();
    if (end === undefined || now < end - WARNING_MS) return;
    const expiry = { expires_at: new Date(end).toISOString() };
    if (now >= end + (member.wire.tokenIsFinal ? 0 : GRACE_MS)) {
      member.wire.notify('auth.expired', expiry);
      member.wire.close('Token expired', false);
    } else if (warned.get(member) !== end) {
      warned.set(member, end);
      member.wire.notify('auth.expiring', expiry);
    }
  }

  let cancel = () => {};
  const sweep = () => {
    const now = wallClock();
    for (const member of [...members]) look(member, now);
    cancel = clock.after(SWEEP_MS, sweep);
  };
  sweep();
  return () => cancel();
}
