// Commands on their way: they wait while there is no connection, go out in the order in which they were given, and what
// may be repeated is repeated until there is an answer. Nothing is handed to a link that is not established: a socket
// would keep it and send it before the rooms of the next connection are entered.
import { retryDelay, type RetryTiming } from './backoff.js';
import type { Outcome } from './wire.js';
import { RoomcastError } from './roomcast-error.js';

export interface CommandOptions {
  /**
   * Whether doing it twice is the same as doing it once, so that it may be sent again when no answer came. Otherwise it
   * then rejects with `timeout`.
   */
  readonly repeatable?: boolean;
  /** Gives it up; it may have been done all the same. */
  readonly signal?: AbortSignal;
}

export type Ack = Readonly<Record<string, unknown>>;

export interface CommandQueue {
  /**
   * @returns what the ack says
   * @throws RoomcastError the server's error; `timeout`, `closed`, `queue_full`; else the reason of the signal
   */
  run(name: string, payload: object, options?: CommandOptions): Promise<Ack>;
  connected(): void;
  disconnected(): void;
  /** Rejects all that waits. */
  close(error: RoomcastError): void;
}

interface Deps {
  send: (name: string, payload: object, done: (outcome: Outcome) => void) => void;
  timing: RetryTiming;
  random: () => number;
  maxWaiting: number;
}

interface Command {
  readonly name: string;
  readonly payload: object;
  readonly repeatable: boolean;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (reason: unknown) => void;
  /** Counts sendings; the answer of an older one is not heard. */
  tries: number;
  sent: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export function createCommandQueue({ send, timing, random, maxWaiting }: Deps): CommandQueue {
  /** In the order in which they were given. */
  const commands = new Set<Command>();
  let online = false;

  function attempt(command: Command): void {
    const own = ++command.tries;
    command.sent = true;
    command.timer = undefined;
    send(command.name, command.payload, (outcome) => {
      if (commands.has(command) && command.sent && command.tries === own) settle(command, outcome);
    });
  }

  function settle(command: Command, outcome: Outcome): void {
    command.sent = false;
    if (outcome.type === 'success') {
      commands.delete(command);
      command.resolve(outcome.ack);
    } else if (mayRepeat(command, outcome)) later(command, outcome);
    else fail(command, outcome.type === 'error' ? outcome.error : noAnswer(command));
  }

  function later(command: Command, outcome: Outcome): void {
    if (!online) return;
    const asked = outcome.type === 'error' ? (outcome.error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(asked, retryDelay(command.tries, timing, random));
    command.timer = setTimeout(() => attempt(command), wait);
  }

  function fail(command: Command, reason: unknown): void {
    commands.delete(command);
    clearTimeout(command.timer);
    command.reject(reason);
  }

  function enqueue(name: string, payload: object, repeatable: boolean): { command: Command; answer: Promise<Ack> } {
    let command!: Command;
    const answer = new Promise<Ack>((resolve, reject) => {
      command = { name, payload, repeatable, resolve, reject, tries: 0, sent: false, timer: undefined };
    });
    commands.add(command);
    if (online) attempt(command);
    return { command, answer };
  }

  return {
    async run(name, payload, { repeatable = false, signal } = {}) {
      signal?.throwIfAborted();
      if (commands.size >= maxWaiting) throw queueFull(maxWaiting);
      const { command, answer } = enqueue(name, payload, repeatable);
      const giveUp = () => fail(command, signal?.reason);
      signal?.addEventListener('abort', giveUp);
      try {
        return await answer;
      } finally {
        signal?.removeEventListener('abort', giveUp);
      }
    },
    connected() {
      online = true;
      for (const command of [...commands]) attempt(command);
    },
    disconnected() {
      online = false;
      for (const command of [...commands]) {
        clearTimeout(command.timer);
        if (command.sent) settle(command, { type: 'unanswered' });
      }
    },
    close(error) {
      for (const command of [...commands]) fail(command, error);
    },
  };
}

/** What was turned away before it began may always be sent again. */
function mayRepeat(command: Command, outcome: Exclude<Outcome, { type: 'success' }>): boolean {
  if (outcome.type === 'unanswered') return command.repeatable;
  return outcome.error.code === 'rate_limited' || (command.repeatable && outcome.error.retryable);
}

function noAnswer({ name }: Command): RoomcastError {
  const sentence = `${name}: no answer came; it is not known whether it was done`;
  return new RoomcastError('timeout', sentence, { retryable: true });
}

function queueFull(maxWaiting: number): RoomcastError {
  return new RoomcastError('queue_full', `${maxWaiting} commands wait for an answer already`, { retryable: true });
}
