// Ending a node without losing anybody: every client is told when its transport will be closed, at moments spread over
// the time that there is, so that the other nodes are not stormed; then it resumes elsewhere from its position.
import type { Clock } from '../ops/clock.js';
import type { Member } from '../rooms/member.js';

/** The part of the time that reconnects are spread over; the rest is for what is still being written. */
const SPREAD = 0.6;

/**
 * Tells all members and closes them one by one.
 * @param ms the time that there is
 * @returns once all are closed
 */
export async function drain(members: ReadonlySet<Member>, ms: number, clock: Clock): Promise<void> {
  const closed = [...members].map((member) => {
    const after = Math.round(Math.random() * ms * SPREAD);
    member.wire.notify('session.closing', { reason: 'drain', after_ms: after });
    return new Promise<void>((resolve) =>
      clock.after(after, () => {
        member.wire.close('drain', false);
        resolve();
      }),
    );
  });
  await Promise.all(closed);
}
