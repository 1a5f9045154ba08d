// Somebody who reads a page from top to bottom and does what stands there, each block on a terminal of its own, and looks
// whether what happens is what the page says. Only the ports and the address of the database are others than written.
//
// A block of `sh` must end with code 0. After the language may stand `keeps-running` for what does not end by itself, and
// `in-ci` for what runs this test: it is only looked up. A block of `text` is output of one of the terminals; `…` stands
// for anything. `<!-- stopped: npm start -->` ends the terminals whose block holds these words.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { startProgram, type Program } from '../support/program.js';
import { root, type Part } from './markdown.js';

const notOfTheCheckout = new Set(['.git', '.data', 'coverage']);

interface Terminal {
  code: string;
  program: Program;
}

export interface Reader {
  /** Does what a part says. @throws Error with the outputs when something else happens */
  read(part: Part): Promise<void>;
  /** Ends all terminals. */
  leave(): Promise<void>;
}

interface Settings {
  env: Record<string, string>;
  /** `as` is what a page has in the place of a thing of this machine. */
  places: readonly { as: string; is: string }[];
  /** How long outputs are waited for (60,000). */
  happensWithinMs?: number;
}

export async function createReader(settings: Settings): Promise<Reader> {
  const { happensWithinMs: withinMs = 60_000 } = settings;
  const checkout = await makeCheckout();
  const terminals: Terminal[] = [];
  const placed = (text: string) => settings.places.reduce((done, { as, is }) => done.replaceAll(as, is), text);

  async function run(code: string, keepsRunning: boolean): Promise<void> {
    const env = { npm_config_loglevel: 'error', npm_config_update_notifier: 'false', ...settings.env };
    const program = startProgram('bash', ['-euo', 'pipefail', '-c', placed(code)], { cwd: checkout, env });
    terminals.push({ code, program });
    if (keepsRunning) return;
    const exit = await program.ended;
    if (exit !== 0) throw new Error(`code ${String(exit)} of:\n${code}\n${outputs()}`);
  }

  function outputs(): string {
    return terminals.map(({ code, program }) => `── ${code}${linesOf(program).join('\n')}`).join('\n');
  }

  async function see(text: string): Promise<void> {
    const expected = placed(text).trimEnd().split('\n').map(pattern);
    const seen = () => terminals.some(({ program }) => inOrder(linesOf(program), expected));
    await eventually(seen, { withinMs }).catch((cause: unknown) => {
      throw new Error(`not seen:\n${text}\n${outputs()}`, { cause });
    });
  }

  async function stop(which: string): Promise<void> {
    const stopped = terminals.filter(({ code }) => code.includes(which));
    if (stopped.length === 0) throw new Error(`nothing of "${which}" runs`);
    for (const { program } of stopped) await end(program);
  }

  return {
    async read(part) {
      if (part.kind === 'note') return stop(part.text.replace(/^stopped: /, ''));
      const { language, info, code } = part;
      if (language === 'text') return see(code);
      if (language === 'js') return isFile(info, code);
      if (language !== 'sh') throw new Error(`nobody knows what to do with ${language}`);
      if (info === 'in-ci') return isScript(code);
      await run(code, info === 'keeps-running');
    },
    async leave() {
      for (const { program } of terminals) await end(program);
      await rm(checkout, { recursive: true });
    },
  };
}

/** A directory that looks like this repository, with data of its own. */
async function makeCheckout(): Promise<string> {
  const checkout = await mkdtemp(join(tmpdir(), 'roomcast-reader-'));
  for (const name of await readdir(root)) {
    if (!notOfTheCheckout.has(name)) await symlink(join(root, name), join(checkout, name));
  }
  return checkout;
}

function linesOf(program: Program): string[] {
  return [...program.printed(), ...program.noted().split('\n')];
}

function pattern(line: string): RegExp {
  return new RegExp(
    line
      .split('…')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*'),
  );
}

function inOrder(lines: readonly string[], expected: readonly RegExp[]): boolean {
  let at = -1;
  return expected.every((each) => {
    at = lines.findIndex((line, index) => index > at && each.test(line));
    return at >= 0;
  });
}

/** What npx and npm have started does not get their signals, so the youngest are ended first. */
async function end(program: Program): Promise<void> {
  if (program.pid !== undefined) for (const pid of await descendants(program.pid)) kill(pid);
  await program.stop();
}

async function descendants(pid: number): Promise<number[]> {
  const children = await new Promise<number[]>((resolve) => {
    execFile('pgrep', ['-P', String(pid)], (_error, stdout) => resolve(stdout.split('\n').filter(Boolean).map(Number)));
  });
  const below = [];
  for (const child of children) below.push(...(await descendants(child)), child);
  return below;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isFile(name: string, code: string): Promise<void> {
  if ((await readFile(join(root, name), 'utf8')) !== code) throw new Error(`${name} is not what the page shows of it`);
}

async function isScript(code: string): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: object };
  for (const line of code.trim().split('\n')) {
    const name = /^npm (?:run )?([\w:]+)$/.exec(line)?.[1] ?? '';
    if (!(name in scripts)) throw new Error(`"${line}" calls no script of package.json`);
  }
}
