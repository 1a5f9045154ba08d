// `npm start`: from a fresh clone to a listening server. Installs what running needs, builds, and then is the server:
// the process that was started is the one that gets the signals and gives the exit code.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

ensureInstalled(root, { dev: false });
// A process of its own, so that the compiler does not stay in the server's memory.
const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
if (status === 0) await import('../server/dist/main.js');
else process.exitCode = 1;
