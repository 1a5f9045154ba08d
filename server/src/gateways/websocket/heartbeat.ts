// Finds connections whose other end is gone without a word: who does not answer a ping in time has gone.
import type { WebSocket } from 'ws';
import type { Clock } from '../../ops/clock.js';

export interface Rhythm {
  readonly clock: Clock;
  /** Between an answer and the next ping. */
  readonly pingIntervalMs: number;
  /** For an answer. */
  readonly pingTimeoutMs: number;
}

/** Pings until the connection is closed. */
export function keepAlive(ws: WebSocket, { clock, pingIntervalMs, pingTimeoutMs }: Rhythm): void {
  let cancel = () => {};
  const wait = () => {
    cancel();
    cancel = clock.after(pingIntervalMs, () => {
      ws.ping();
      cancel = clock.after(pingTimeoutMs, () => ws.terminate());
    });
  };
  ws.on('pong', wait);
  ws.once('close', () => cancel());
  wait();
}
