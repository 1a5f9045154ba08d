// A command definition is the single source of a command's payload, its ack and the errors it may answer.
import type { z } from 'zod';
import type { ErrorCode } from './errors.js';

export interface CommandDefinition<
  Name extends string = string,
  Payload extends z.ZodType = z.ZodType,
  Ack extends z.ZodType = z.ZodType,
> {
  readonly name: Name;
  readonly payload: Payload;
  /** What the ack adds to `status: "success"`. */
  readonly ack: Ack;
  /** Codes of its own; every command may also answer `bad_request`, `rate_limited`, `unavailable`, `internal`. */
  readonly errors: readonly ErrorCode[];
  readonly example: z.input<Payload>;
  readonly summary: string;
}

/**
 * Declares a command.
 * @param definition name, schemas of payload and ack, error codes, an example
 * @returns the definition
 * @throws TypeError when the example does not fit the payload
 */
export function defineCommand<const Name extends string, Payload extends z.ZodType, Ack extends z.ZodType>(
  definition: CommandDefinition<Name, Payload, Ack>,
): CommandDefinition<Name, Payload, Ack> {
  const example = definition.payload.safeParse(definition.example);
  if (!example.success) throw new TypeError(`command "${definition.name}": example: ${example.error.message}`);
  return definition;
}
