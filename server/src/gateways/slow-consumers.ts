// A consumer that cannot keep up costs bounded memory: it is disconnected, and catches up when it returns.
import type { Clock } from '../ops/clock.js';
import type { Backlog, Member } from '../rooms/member.js';

const SWEEP_MS = 1_000;
/** Packets waiting in two sweeps in a row: a connection that does not read. */
const STALLED_PACKETS = 1_024;
const MAX_PACKETS = 8_192;
const MAX_BYTES = 4 * 1024 * 1024;

interface Deps {
  members: ReadonlySet<Member>;
  clock: Clock;
  dropped: (member: Member, backlog: Backlog) => void;
}

/** Begins to watch all members. @returns stops it */
export function watchSlowConsumers({ members, clock, dropped }: Deps): () => void {
  let stalled = new Set<Member>();

  function look(member: Member, before: ReadonlySet<Member>): void {
    const backlog = member.wire.backlog();
    const behind = backlog.packets > STALLED_PACKETS;
    if (behind) stalled.add(member);
    if (backlog.packets <= MAX_PACKETS && backlog.bytes <= MAX_BYTES && !(behind && before.has(member))) return;
    dropped(member, backlog);
    member.wire.close('slow consumer', false);
  }

  let cancel = () => {};
  const sweep = () => {
    const before = stalled;
    stalled = new Set();
    for (const member of [...members]) look(member, before);
    cancel = clock.after(SWEEP_MS, sweep);
  };
  sweep();
  return () => cancel();
}
