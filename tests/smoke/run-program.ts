// A program run to its end; what it printed is the answer, and part of the error when it fails.
import { execFile } from 'node:child_process';

/**
 * @param cwd where it runs
 * @returns what it wrote to standard output
 * @throws when it ends with another code than 0, with all that it wrote
 */
export function runProgram(cwd: string, program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}
