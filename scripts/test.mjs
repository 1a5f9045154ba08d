// `npm test`: sets up what is missing and runs every part of the checks, also when one of them fails.
// `npm test -- unit system` runs only these parts; `--full` runs more of them. The last line printed is the sum, and
// the exit code says whether there is a failure in it.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './install.mjs';
import { runJest, testFilesIn } from './run-jest.mjs';
import { ensureRequirement } from './requirements.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options, positionals: chosen } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false } },
});

// Folders of tests/ that are parts of their own; all others are the system's.
const apart = ['tests/simulation', 'tests/smoke', 'tests/docs', 'tests/engines'];
// What depends on how a database keeps and loses: run on both.
const onBothDatabases = [
  'tests/storage',
  'tests/delivery',
  'tests/restart',
  'tests/sdk/restart',
  'tests/workflows/endurance',
  'tests/publisher/restart',
];

const parts = [
  { name: 'setup', run: setUp },
  { name: 'lint', run: npmScript('lint') },
  { name: 'types', run: npmScript('types') },
  { name: 'rules', run: npmScript('rules') },
  { name: 'package', run: npmScript('check', '--workspace=client-sdk') },
  jestPart('unit', { in: ['protocol/test', 'server/test', 'client-sdk/test'] }),
  jestPart('simulation', { in: ['tests/simulation'] }),
  jestPart('system', { in: ['tests'], except: apart, env: { TEST_DATABASE: 'postgres' } }),
  jestPart('embedded', {
    in: options.full ? ['tests'] : onBothDatabases,
    except: apart,
    env: { TEST_DATABASE: 'embedded', ...(options.full ? { RACES: '1000' } : {}) },
  }),
  jestPart('smoke', { in: ['tests/smoke'] }),
  jestPart('docs', { in: ['tests/docs'] }),
  // Their packages are large.
  ...(options.full ? [jestPart('engines', { in: ['tests/engines'] })] : []),
].filter(({ files }) => files === undefined || files.length > 0);

function jestPart(name, { in: folders, except = [], env = {} }) {
  const files = testFilesIn(root, folders, except);
  return { name, files, run: () => runJest(root, files, env) };
}

function npmScript(name, ...options) {
  return () => {
    const { status } = spawnSync('npm', ['run', '--silent', name, ...options], { cwd: root, stdio: 'inherit' });
    return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  };
}

async function setUp() {
  ensureInstalled(root, { dev: true });
  const { build } = await import('./build.mjs');
  await build();
  ensureInstalled(join(root, 'tests', 'smoke', 'node-24'), { dev: true });
  ensureRequirement('postgres');
  ensureRequirement('python');
  ensureRequirement('nginx');
  return { passed: 1, failed: 0 };
}

async function runPart({ name, run }) {
  console.log(`\n── ${name}`);
  const started = performance.now();
  const counts = await Promise.resolve()
    .then(run)
    .catch((error) => {
      console.error(error.message);
      return { passed: 0, failed: 1 };
    });
  return { name, seconds: (performance.now() - started) / 1000, ...counts };
}

const names = parts.map(({ name }) => name);
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No part is named ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  process.exit(1);
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const results = [];
for (const part of parts) {
  if (chosen.length === 0 || part.name === 'setup' || chosen.includes(part.name)) results.push(await runPart(part));
}

console.log('');
for (const { name, seconds, passed, failed } of results) {
  console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${passed} passed, ${failed} failed`);
}
const sum = (count) => results.reduce((total, result) => total + result[count], 0);
process.exitCode = sum('failed') > 0 ? 1 : 0;
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
