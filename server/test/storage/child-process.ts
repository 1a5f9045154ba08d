// A program of processes/ in a process of its own, heard line by line. What still runs at the end of the file is killed.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { eventually } from '../../../tests/support/eventually.js';

export interface Child {
  readonly pid: number;
  /** What it has said so far; a line that is not complete yet is left out. */
  lines(): string[];
  /** Waits until it has said this many lines. */
  heard(count: number): Promise<string[]>;
  tell(line: string): void;
  /** kill -9, until it is gone. */
  kill(): Promise<void>;
}

const running = new Set<Child>();

afterAll(async () => {
  for (const child of running) await child.kill();
});

export function startChild(program: string, ...args: string[]): Child {
  const path = fileURLToPath(new URL(`./processes/${program}.mjs`, import.meta.url));
  const launched = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(launched, 'exit');
  const output = listen(launched);
  const lines = () => output.said.split('\n').slice(0, -1);
  const child: Child = {
    pid: launched.pid ?? 0,
    lines,
    async heard(count) {
      await eventually(() => lines().length >= count || launched.exitCode !== null, { withinMs: 60_000 });
      if (lines().length < count) throw new Error(`${program} ended early: ${output.complained}`);
      return lines();
    },
    tell: (line) => void launched.stdin.write(`${line}\n`),
    async kill() {
      launched.kill('SIGKILL');
      await exited;
      running.delete(child);
    },
  };
  running.add(child);
  return child;
}

function listen({ stdout, stderr }: ChildProcessByStdio<Writable, Readable, Readable>) {
  const output = { said: '', complained: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => void (output.said += text));
  stderr.setEncoding('utf8').on('data', (text: string) => void (output.complained += text));
  return output;
}
