// One run of jest over given files, as counts. What jest itself would let pass is a failure here: a run that ends
// without a report, and one that reports but does not end because something was left open.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// Jest's own workers are given a moment to end after the report.
const END_WITHIN_MS = 15_000;

/**
 * The test files below some folders of the repository.
 * @param {string} root
 * @param {string[]} folders relative to root; one that does not exist has no tests
 * @param {string[]} except folders that are left out
 */
export function testFilesIn(root, folders, except) {
  return folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => relative(root, join(folder, file))))
    .filter((file) => file.endsWith('.test.ts') && !except.some((folder) => file.startsWith(`${folder}/`)));
}

/** @returns {Promise<{ passed: number, failed: number }>} */
export async function runJest(root, files, env) {
  const directory = mkdtempSync(join(tmpdir(), 'roomcast-report-'));
  const report = join(directory, 'report.json');
  try {
    const matching = files.map((file) => `<rootDir>/${file}`);
    const code = await jest(root, ['--json', '--outputFile', report, '--testMatch', ...matching], report, env);
    return counts(report, code);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function jest(root, args, report, env) {
  const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  // The report also goes to standard output, where nobody reads it; what people read is on standard error.
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('jest/bin/jest')), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: nodeOptions, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  // A group of its own, so that its workers and the servers that they started end with it.
  const endGroup = () => process.kill(-child.pid, 'SIGKILL');
  process.once('exit', endGroup);
  const exited = once(child, 'exit').then(([code]) => code);
  const watching = new AbortController();
  const stuck = staysAfter(report, watching.signal);
  const code = await Promise.race([exited, stuck]);
  watching.abort();
  process.off('exit', endGroup);
  if (code !== 'stuck') return code;
  console.error('The tests are over, but something that they left open keeps the run from ending.');
  endGroup();
  await exited;
  return code;
}

async function staysAfter(report, signal) {
  try {
    while (!existsSync(report)) await pause(500, undefined, { signal });
    await pause(END_WITHIN_MS, undefined, { signal });
    return 'stuck';
  } catch {
    return 'ended';
  }
}

function counts(report, code) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}
