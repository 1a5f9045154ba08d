// What one answer to a poll holds. python-engineio takes 16 packets and ends the connection over more, so that a
// catch-up would end it again and again.
import type { Engine, WaitingPacket } from './engine.js';

const MOST_PACKETS = 16;

/** Lets polls be answered with at most so many packets; the others wait for the next poll. */
export function boundPollPayload(engine: Engine): void {
  let rest: WaitingPacket[] = [];
  // Engine.IO tells both in the turn in which it writes: before it takes its buffer, and when it has a new one.
  engine.on('flush', (packets) => {
    if (engine.transport.name === 'polling') rest = packets.splice(MOST_PACKETS);
  });
  engine.on('drain', () => {
    engine.writeBuffer.unshift(...rest.splice(0));
  });
}
