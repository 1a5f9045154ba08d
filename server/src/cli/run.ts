// The commands there are, and the way from a line of arguments to an exit code. Each is loaded only when it is called:
// `roomcast token` must not wait for a database driver.
import { UsageError, type CliCommand, type CommandContext } from './command.js';

const commands: Readonly<Record<string, () => Promise<{ command: CliCommand }>>> = {
  start: () => import('./start.js'),
  token: () => import('./token.js'),
  'api-key': () => import('./api-key.js'),
  tail: () => import('./tail.js'),
  emit: () => import('./emit.js'),
  replay: () => import('./replay.js'),
  migrate: () => import('./migrate.js'),
  epoch: () => import('./epoch.js'),
};

/**
 * Runs one command.
 * @param args what stands behind the program's name
 * @returns the exit code: 0, 1 when it failed, 2 when it was called wrongly
 */
export async function runCli([name, ...args]: readonly string[], context: CommandContext): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    context.print(await overview());
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    context.note(`There is no command "${name}".\n\n${await overview()}`);
    return 2;
  }
  const { command } = await load();
  if (args.includes('--help')) {
    context.print(`${command.summary}\n\n${command.usage}`);
    return 0;
  }
  return execute(command, args, context);
}

async function execute(command: CliCommand, args: readonly string[], context: CommandContext): Promise<number> {
  try {
    await command.execute(args, context);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      context.note(`${error.message}\n\n${command.usage}`);
      return 2;
    }
    const { failureLine } = await import('./failure-line.js');
    const line = failureLine(error);
    if (line === null) throw error;
    context.note(line);
    return 1;
  }
}

async function overview(): Promise<string> {
  const names = Object.keys(commands);
  const width = Math.max(...names.map((name) => name.length));
  const lines: string[] = [];
  for (const [name, load] of Object.entries(commands)) {
    lines.push(`  ${name.padEnd(width)}  ${(await load()).command.summary}`);
  }
  return ['roomcast <command> [options]', '', ...lines, '', '--help tells more of a command.'].join('\n');
}
