// `npm run -w client-sdk check`: makes the client's package complete and looks at it as others will get it: that every
// kind of project finds its modules and their types, and that what browsers load stays within its size.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const client = join(root, 'client-sdk');

const steps = [
  [root, process.execPath, 'scripts/build.mjs'],
  [root, 'npx', 'tsc', '-b', 'client-sdk'],
  [root, process.execPath, 'scripts/build-client.mjs'],
  [client, 'npx', 'publint', '--strict'],
  [client, 'npx', 'attw', '--pack', '.', '--profile', 'node16', '--format', 'ascii'],
  [client, 'npx', 'size-limit'],
];

const failed = steps.find(
  ([cwd, program, ...args]) => spawnSync(program, args, { cwd, stdio: 'inherit' }).status !== 0,
);
if (failed) console.error(`It failed at: ${failed.slice(1).join(' ')}`);
process.exitCode = failed ? 1 : 0;
