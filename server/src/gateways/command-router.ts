// The one way of a command, whatever wire it came over: find it, parse it, handle it, answer it. A missing ack, a wrong
// type or a throwing handler never hurts the process.
import {
  parseInput,
  RoomcastError,
  type CommandDefinition,
  type CommandName,
  type WireError,
} from '@roomcast/protocol';
import type { z } from 'zod';
import type { Member } from '../rooms/member.js';
import type { RateLimits } from '../rooms/rate-limits.js';
import type { Subscriptions } from '../rooms/subscriptions.js';

/** Who sends commands: a live connection. */
export interface Caller {
  readonly member: Member;
  readonly subscriptions: Subscriptions;
}

/** A command ready to be called: it parses what came, handles it, and replies at most once. */
export type Handler = (caller: Caller, payload: unknown, reply: (ack: object) => void) => Promise<void>;

/**
 * Ties a command's definition to what it does.
 * @param handle calls `reply` once, in the tick in which what it says is true; what it throws is answered as an error
 */
export function handler<Payload extends z.ZodType, Ack extends z.ZodType>(
  { payload: schema }: Pick<CommandDefinition<string, Payload, Ack>, 'payload' | 'ack'>,
  handle: (
    caller: Caller,
    payload: z.output<Payload>,
    reply: (ack: z.output<Ack> & object) => void,
  ) => Promise<void> | void,
): Handler {
  return async (caller, payload, reply) => handle(caller, parseInput(schema, payload), reply);
}

export type Answer = { status: 'success' } | { status: 'error'; error: WireError };

export interface CommandRouter {
  /**
   * @param payload as it came; nothing of it is trusted
   * @param answer called once
   */
  dispatch(caller: Caller, name: string, payload: unknown, answer: (answer: Answer) => void): void;
  /** Answers what is no command at all with an error; it counts as one. */
  refuse(caller: Caller, error: RoomcastError, answer: (answer: Answer) => void): void;
}

interface Deps {
  handlers: Readonly<Record<CommandName, Handler>>;
  limits: Pick<RateLimits, 'take' | 'takeTyping'>;
  errorOf: (thrown: unknown, context: object) => RoomcastError;
}

export function createCommandRouter({ handlers, limits, errorOf }: Deps): CommandRouter {
  const table = new Map(Object.entries(handlers));

  async function handle(caller: Caller, name: string, payload: unknown, reply: (ack: object) => void): Promise<void> {
    const { principal } = caller.member;
    if (!isTyping(name)) limits.take(principal, 'command');
    else if (!limits.takeTyping(principal)) return reply({});
    const handler = table.get(name);
    if (!handler) throw new RoomcastError('bad_request', `"${name.slice(0, 64)}" is not a command`);
    await handler(caller, payload ?? {}, reply);
  }

  const failed = (thrown: unknown, caller: Caller, command?: string): Answer => {
    const error = errorOf(thrown, { command, connection_id: caller.member.id });
    return { status: 'error', error: error.toWire() };
  };

  return {
    dispatch(caller, name, payload, answer) {
      let answered = false;
      const once = (given: Answer) => {
        if (!answered) answer(given);
        answered = true;
      };
      handle(caller, name, payload, (ack) => once({ status: 'success', ...ack })).catch((thrown: unknown) => {
        once(failed(thrown, caller, name.slice(0, 64)));
      });
    },
    refuse(caller, error, answer) {
      let answered: unknown = error;
      try {
        limits.take(caller.member.principal, 'command');
      } catch (limited) {
        answered = limited;
      }
      answer(failed(answered, caller));
    },
  };
}

/** How often somebody types is never an error. */
function isTyping(name: string): boolean {
  return name === 'typing.start' || name === 'typing.stop';
}
