// The real server as a process of its own, to be killed, stopped and started again on the same port and data. It sees
// nothing of the environment of the run but what it needs to execute. What a test file left running is killed at its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { eventually } from './eventually.js';
import { testSecret } from './tokens.js';

const MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
// The embedded database takes seconds to make its files, and many on a busy machine.
const READY_WITHIN_MS = 45_000;

export interface ServerOptions {
  /** The server's settings, by their names in the environment; a secret for tokens and a port are given. */
  env: Record<string, string>;
  /** Which Node runs it (the one of the tests). */
  node?: string;
  /** A host application's file in place of the server's own. It takes the same settings. */
  program?: string;
}

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  /** Base URL, the same for every start. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Whether it has ended, by itself or not. */
  readonly ended: boolean;
  /** Starts it again after `kill` or `stop`; resolves when it is ready. */
  start(): Promise<void>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<Ended>;
  /** SIGTERM; resolves when the process has ended by itself. */
  stop(): Promise<Ended>;
  /** What it has written to both outputs, over all its starts. */
  logs(): string;
}

const running = new Set<ChildProcess>();

afterAll(async () => {
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')));
});

/**
 * Starts a server and waits until it answers that it is ready.
 * @throws when it ends before, or is not ready within 45 s; the message holds its logs
 */
export async function startServer({
  env,
  node = process.execPath,
  program = MAIN,
}: ServerOptions): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const settings = { ...executionEnv(), JWT_SECRET: testSecret, ...env, HOST: '127.0.0.1', PORT: String(port) };
  let output = '';
  let child = launch();

  function launch(): ChildProcess {
    const launched = spawn(node, ['--enable-source-maps', program], {
      env: settings,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [launched.stdout, launched.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    running.add(launched);
    launched.once('close', () => running.delete(launched));
    return launched;
  }

  async function ready(): Promise<void> {
    try {
      await eventually(() => hasEnded(child) || isReady(url), { withinMs: READY_WITHIN_MS });
      if (hasEnded(child)) throw new Error('it ended');
    } catch (cause) {
      await end(child, 'SIGKILL');
      throw new Error(`The server did not become ready.\n${output}`, { cause });
    }
  }

  await ready();
  return {
    url,
    port,
    get pid() {
      if (child.pid === undefined || hasEnded(child)) throw new Error('The server does not run');
      return child.pid;
    },
    get ended() {
      return hasEnded(child);
    },
    async start() {
      if (!hasEnded(child)) throw new Error('The server runs already');
      child = launch();
      await ready();
    },
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    logs: () => output,
  };
}

function executionEnv(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** @returns whether the server at a base URL says that it is ready. @throws when nobody listens there */
export async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/ready`);
  await response.body?.cancel();
  return response.ok;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<Ended> {
  if (running.has(child)) {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
  return { code: child.exitCode, signal: child.signalCode };
}
