// Runs the simulation as a process of its own, as README.md tells to do by hand.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Summary } from './summary.js';

const PROGRAM = fileURLToPath(new URL('simulate.mjs', import.meta.url));

/**
 * Runs a suite, and prints its sum.
 * @throws Error with what the process wrote to stderr when it fails
 */
export async function simulate(...options: string[]): Promise<Summary> {
  const output = await print(...options);
  process.stdout.write(`simulate ${options.join(' ')}  ${output}`);
  return JSON.parse(output) as Summary;
}

/** @returns what a run prints */
export async function print(...options: string[]): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`simulate ${options.join(' ')} failed:\n${errors}`);
  return output;
}
