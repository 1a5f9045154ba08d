// The command line as a process of its own.
import { fileURLToPath } from 'node:url';
import { startProgram, type Program } from '../support/program.js';
import { testSecret } from '../support/tokens.js';

const CLI = fileURLToPath(new URL('../../server/bin/roomcast.js', import.meta.url));

/** Starts `roomcast` with arguments and settings; it makes tokens that the servers of the tests take. */
export function roomcast(args: readonly string[], env: Record<string, string> = {}): Program {
  return startProgram(process.execPath, [CLI, ...args], { env: { JWT_SECRET: testSecret, ...env } });
}

/** Runs `roomcast` to its end. */
export async function run(args: readonly string[], env: Record<string, string> = {}) {
  const command = roomcast(args, env);
  const code = await command.ended;
  return { code, printed: command.printed(), noted: command.noted().trim() };
}
