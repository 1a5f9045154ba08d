// A transport that no namespace uses is closed: who has left every namespace is counted nowhere, and would otherwise hold
// a connection for as long as it answers heartbeats. (Who never enters one is closed by Socket.IO itself.)
import type { Clock } from '../../ops/clock.js';

interface Transport {
  readonly readyState: string;
  once(event: 'close', listener: () => void): void;
  close(): void;
}

export interface UnusedTransports {
  /** A namespace has been entered over the transport. @returns tells that it was left */
  use(transport: Transport): () => void;
}

/** @param ms for which a transport may be unused */
export function createUnusedTransports(clock: Clock, ms: number): UnusedTransports {
  const uses = new WeakMap<Transport, number>();
  const change = (transport: Transport, by: number) => {
    const count = (uses.get(transport) ?? 0) + by;
    uses.set(transport, count);
    return count;
  };

  return {
    use(transport) {
      change(transport, 1);
      return () => {
        if (change(transport, -1) > 0 || transport.readyState !== 'open') return;
        const cancel = clock.after(ms, () => {
          if (uses.get(transport) === 0) transport.close();
        });
        transport.once('close', cancel);
      };
    },
  };
}
