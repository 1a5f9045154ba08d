// `npm run dev`: the server, built and started again whenever a source changes. A source that does not compile leaves
// the running server alone; the compiler has said where the mistake is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// An editor's save is several changes of files; they are one build.
const QUIET_MS = 100;

ensureInstalled(root, { dev: true });
const { build } = await import('./build.mjs');

let server;
let quiet;
let turn = restart();
const watchers = ['protocol', 'server'].map((name) =>
  watch(join(root, name, 'src'), { recursive: true }, () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => (turn = turn.then(restart)), QUIET_MS);
  }),
);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void (turn = turn.then(end)));

async function restart() {
  const built = await build().then(() => true, reportBuild);
  if (!built) return;
  await stopServer();
  server = spawn(process.execPath, [join(root, 'server', 'dist', 'main.js')], { stdio: 'inherit' });
}

function reportBuild(error) {
  if (!error.errors) throw error;
  return false;
}

async function stopServer() {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
}

async function end() {
  clearTimeout(quiet);
  for (const watcher of watchers) watcher.close();
  await stopServer();
}
