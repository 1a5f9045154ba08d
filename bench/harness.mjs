// What every benchmark uses: processes on cores of their own, figures as medians with their range, ratios against a peer
// that is measured in the same run, in turns. Absolute figures say what this machine did that day; ratios travel.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../scripts/postgres.mjs';

const SERVER_CORE = '0';
const LOAD_CORE = '1';

/**
 * Starts a program of this folder on a core and waits until it is ready.
 * @param {'server' | 'load'} role which core it gets
 * @returns calls a function of the program: `await child.call('emit', { count: 16 })`
 */
export async function start(role, program, env = {}) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const core = role === 'server' ? SERVER_CORE : LOAD_CORE;
  const directory = mkdtempSync(join(tmpdir(), 'roomcast-bench-'));
  const environment = { ...process.env, TMPDIR: directory, ...env };
  const options = { execPath: 'taskset', execArgv: ['-c', core, process.execPath], env: environment };
  const child = fork(file, options);
  const waiting = new Map();
  let calls = 0;
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`${program}: ${error}`));
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} ended with ${code}`));
  });
  const call = (name, argument) =>
    new Promise((resolve, reject) => {
      waiting.set(++calls, { resolve, reject });
      child.send({ id: calls, name, argument });
    });
  await call('ready');
  return {
    call,
    async stop() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Answers the calls of `start` in a program. */
export function serve(functions) {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, name, argument }) => {
    try {
      process.send({ id, result: await functions[name](argument) });
    } catch (error) {
      process.send({ id, error: error.stack ?? String(error) });
    }
  });
}

/** The functions that every server under test has. */
export const measured = {
  /** CPU time of the process in microseconds, and its memory in bytes. */
  usage() {
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, rss: process.memoryUsage.rss() };
  },
};

/** Runs `use` with a PostgreSQL that is as durable as in production. */
export async function withPostgres(use) {
  const postgres = await startPostgres({ durable: true });
  try {
    return await use(postgres.url);
  } finally {
    await postgres.stop();
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** A median with its range, or `null` for none. */
export function figure(values, digits = 1) {
  const show = (value) => value.toFixed(digits);
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`;
}

/** Prints rows as a Markdown table. */
export function table(title, head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log(`\n### ${title}\n\n${line(head)}\n${line(head.map(() => '---'))}\n${rows.map(line).join('\n')}`);
}
