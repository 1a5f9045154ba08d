// `npm run fuzz` and `npm run soak`: the tests of that name, whose short forms `npm test` runs, for as long as one likes.
//   npm run fuzz -- --minutes 30                     (10 when left out)
//   npm run soak -- --seed 42 --database embedded    (a failing run prints the seed to begin with)
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './install.mjs';
import { runJest } from './run-jest.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tests = { fuzz: 'FUZZ_MINUTES', soak: 'SOAK_MINUTES' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    database: { type: 'string', default: 'postgres' },
  },
});
const [name] = positionals;

if (!Object.hasOwn(tests, name) || !(Number(values.minutes) >= 0) || !Number.isSafeInteger(Number(values.seed))) {
  console.error('npm run fuzz|soak -- [--minutes NUMBER] [--seed WHOLE_NUMBER] [--database postgres|embedded]');
  process.exit(1);
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
ensureInstalled(root, { dev: true });
console.log(`${name} for ${values.minutes} minutes with the seed ${values.seed}`);
const { passed, failed } = await runJest(root, [`tests/robustness/${name}.test.ts`], {
  [tests[name]]: values.minutes,
  TEST_SEED: values.seed,
  TEST_DATABASE: values.database,
});
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
