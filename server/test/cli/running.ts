// Runs a command as the program does, and keeps what it says.
import { runCli } from '../../src/cli/run.js';

export interface Said {
  code: number;
  /** What it printed as its result. */
  printed: string[];
  /** What it told whoever watches. */
  noted: string;
  /** How often it has made the process a server. */
  started: number;
}

export async function run(args: string[], env: Record<string, string> = {}): Promise<Said> {
  const printed: string[] = [];
  const noted: string[] = [];
  let started = 0;
  const code = await runCli(args, {
    env,
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    start: () => {
      started += 1;
      return Promise.resolve();
    },
  });
  return { code, printed, noted: noted.join('\n'), started };
}
