// What a command of the command line is made of: a file beside this one, with a summary, its options and what it does.
// A command gets all that it needs of the process handed in, so that it can be run by a test.
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** The caller has asked for something that the command does not know. The message is for them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something did not work for a reason that one line tells. The message is for the caller. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** What a command may use of the process that runs it. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of the command's result. */
  readonly print: (line: string) => void;
  /** Writes a line for whoever watches. */
  readonly note: (line: string) => void;
  /** Makes this process the server. */
  readonly start: () => Promise<void>;
}

export interface CliCommand {
  /** One line for the list of commands. */
  readonly summary: string;
  /** How it is called, and what its options mean. */
  readonly usage: string;
  /** @throws UsageError, CommandFailed, ConfigError */
  execute(args: readonly string[], context: CommandContext): Promise<void>;
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;
type Parsed<Options extends OptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true; strict: true }>
>;

interface CommandDefinition<Options extends OptionsConfig> {
  readonly summary: string;
  readonly usage: string;
  /** As `parseArgs` of node:util takes them. */
  readonly options: Options;
  run(parsed: Parsed<Options>, context: CommandContext): Promise<void>;
}

/** A command whose `run` sees its options with their types. */
export function defineCliCommand<const Options extends OptionsConfig>(
  definition: CommandDefinition<Options>,
): CliCommand {
  const { summary, usage, options } = definition;
  return {
    summary,
    usage,
    execute: (args, context) => definition.run(parse(args, options), context),
  };
}

function parse<Options extends OptionsConfig>(args: readonly string[], options: Options): Parsed<Options> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
