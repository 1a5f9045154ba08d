// `npm start` from sources alone: installs what running needs, builds, listens; the second time without the first two.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { eventually } from '../support/eventually.js';
import { isReady } from '../support/server-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const notSources = new Set(['node_modules', 'dist', '.git', '.data']);
const FIRST_START_MS = 150_000;
// Seconds on a machine of one's own; the tests share theirs.
const SECOND_START_MS = 20_000;

let clone: string;
let port: number;
let running: ChildProcess | undefined;

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'roomcast-clone-'));
  port = await freePort();
  const isSource = (path: string) => !notSources.has(basename(path)) && !path.endsWith('.tsbuildinfo');
  await cp(root, clone, { recursive: true, filter: isSource });
});

afterAll(async () => {
  if (running) await stop(running);
  await rm(clone, { recursive: true });
});

async function start(withinMs: number): Promise<{ process: ChildProcess; output: string }> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, PORT: String(port) };
  const started = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running = started;
  let output = '';
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually(() => started.exitCode !== null || isReady(`http://127.0.0.1:${port}`), { withinMs });
  if (started.exitCode !== null) throw new Error(`npm start ended\n${output}`);
  return { process: started, output };
}

async function stop(started: ChildProcess): Promise<number | null> {
  const closed = once(started, 'close');
  started.kill('SIGTERM');
  await closed;
  running = undefined;
  return started.exitCode;
}

it(
  'npm start makes sources a running server, without development packages, and ends with it on SIGTERM',
  async () => {
    const { process } = await start(FIRST_START_MS);
    await access(join(clone, 'node_modules', 'esbuild'));
    await expect(access(join(clone, 'node_modules', 'jest'))).rejects.toThrow('ENOENT');
    expect(await stop(process)).toBe(0);
  },
  FIRST_START_MS + 30_000,
);

it('a second npm start installs nothing and listens within seconds', async () => {
  const { process, output } = await start(SECOND_START_MS);
  expect(output).not.toContain('added');
  expect(await stop(process)).toBe(0);
});
