// Knows when all that a client wrote before a moment has arrived: the answer to a ping sent at that moment comes after
// it on the same wire. Frames of a client's loop precede the pong, however they were cut on the way.
import type { Engine } from './engine.js';

/** @returns a function that resolves once everything that the client wrote until now has been handled */
export function createBarrier(engine: Engine): () => Promise<void> {
  /** Heartbeats under way: their pongs come before ours. */
  let pings = 0;
  engine.on('packetCreate', (packet) => {
    if (packet.type === 'ping') pings++;
  });
  engine.on('heartbeat', () => {
    pings = Math.max(0, pings - 1);
  });

  return () => {
    if (engine.readyState === 'closed') return Promise.resolve();
    engine.sendPacket('ping');
    let expected = pings;
    return new Promise((resolve) => {
      const done = () => {
        engine.off('heartbeat', heard);
        engine.off('close', done);
        // Frames that came with the pong are still being handed out in this turn.
        setImmediate(resolve);
      };
      const heard = () => {
        if (--expected <= 0) done();
      };
      engine.on('heartbeat', heard);
      engine.on('close', done);
    });
  };
}
