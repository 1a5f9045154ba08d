// A program as a process of its own, to be watched while it runs. It sees nothing of the environment of the run but
// what it needs to execute. What a test file left running is ended at its end.
import { spawn } from 'node:child_process';
import { afterAll } from '@jest/globals';

export interface Program {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** The lines that it has printed as its result. */
  printed(): string[];
  /** What it has told whoever watches. */
  noted(): string;
  /** Resolves with its exit code; null when a signal has ended it. */
  readonly ended: Promise<number | null>;
  /** Sends it a signal (SIGTERM); resolves with its exit code when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ProgramOptions {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

const running = new Set<Program>();

afterAll(async () => {
  await Promise.all([...running].map((program) => program.stop()));
});

export function startProgram(file: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, notes] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const program: Program = {
    pid: child.pid,
    printed: () => output.split('\n').slice(0, -1),
    noted: () => notes,
    ended: closed.then((code) => {
      running.delete(program);
      return code;
    }),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return program.ended;
    },
  };
  running.add(program);
  return program;
}
