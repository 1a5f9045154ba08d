// The way between a client and the fake server: everything arrives later, one thing at a time, in the order in which it
// was sent, as on a socket.
import type { Link, LinkEvents } from '../link.js';
import type { FakeError, FakeFrame } from './fake-connection.js';

export interface FakeLink extends Link {
  tell(frame: FakeFrame): void;
  /** The last thing that the client hears. */
  close(how: { lost: string } | { refused: FakeError } | 'kicked'): void;
  establish(): void;
}

interface Deps {
  events: LinkEvents;
  /** Takes a command. @returns its ack; null when it is never answered */
  command: (name: string, payload: object) => object | null;
  ended: () => void;
}

interface Waiting {
  readonly done: (answer: { ack: unknown } | null) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export function createFakeLink({ events, command, ended }: Deps): FakeLink {
  const queue: (() => void)[] = [];
  const waiting = new Map<number, Waiting>();
  let over = false;
  let asks = 0;

  function later(action: () => void): void {
    if (queue.push(action) === 1) queueMicrotask(pump);
  }

  function pump(): void {
    if (!over) queue[0]?.();
    queue.shift();
    if (queue.length > 0) queueMicrotask(pump);
  }

  function answer(ask: number, ack: { ack: unknown } | null): void {
    const asked = waiting.get(ask);
    if (!asked) return;
    waiting.delete(ask);
    clearTimeout(asked.timer);
    asked.done(ack);
  }

  function finish(): void {
    over = true;
    for (const ask of [...waiting.keys()]) answer(ask, null);
    ended();
  }

  return {
    send(name, payload, timeoutMs, done) {
      const ask = ++asks;
      waiting.set(ask, { done, timer: setTimeout(() => answer(ask, null), timeoutMs) });
      later(() => {
        const ack = command(name, payload);
        if (ack) later(() => answer(ask, { ack }));
      });
    },
    end() {
      if (!over) finish();
    },
    tell(frame) {
      later(() => events.message(frame.name, frame.payload));
    },
    close(how) {
      later(() => {
        finish();
        if (how === 'kicked') events.kicked();
        else if ('lost' in how) events.lost(how.lost);
        else events.refused(how.refused);
      });
    },
    establish: () => later(() => events.established()),
  };
}
