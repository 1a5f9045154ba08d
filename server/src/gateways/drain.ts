// Ending a node without losing anybody: every client is told when its transport will be closed, at moments spread over
// the time that there is, so that the other nodes are not stormed; then it resumes elsewhere from its position.
import type { Clock } from '../ops/clock.js';
import type { Member, Wire } from '../rooms/member.js';

/** The part of the time that reconnects are spread over; the rest is for what is still being written. */
const SPREAD = 0.6;
/** The part of the time that a connection has for taking what it was told, before it is closed all the same. */
const PATIENCE = 0.2;

/**
 * Tells all members and closes them one by one.
 * @param ms the time that there is
 * @returns once all are closed
 */
export async function drain(members: ReadonlySet<Member>, ms: number, clock: Clock): Promise<void> {
  const closed = [...members].map(async ({ wire }) => {
    const after = Math.round(Math.random() * ms * SPREAD);
    wire.notify('session.closing', { reason: 'drain', after_ms: after });
    await new Promise<void>((resolve) => clock.after(after, resolve));
    // A client that polls is told when it asks the next time.
    await drainedWithin(wire, ms * PATIENCE, clock);
    wire.close('drain', false);
  });
  await Promise.all(closed);
}

function drainedWithin(wire: Wire, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    void wire.drained().then(() => {
      cancel();
      resolve();
    });
  });
}
