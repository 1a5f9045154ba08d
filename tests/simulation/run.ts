// Runs schedules, one after the other: all of a suite, or one that is told step by step. README.md tells the options.
import { parseArgs } from 'node:util';
import { suites, type Suite } from './suites.js';
import type { Summary } from './summary.js';
import type { Verdict } from './verdict.js';
import { play } from './world.js';

const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'mixed' },
    runs: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    'stop-at': { type: 'string', default: 'Infinity' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

if (values.seed === undefined) await runMany(suiteNamed(values.suite));
else await runOne(suiteNamed(values.suite), Number(values.seed));

function suiteNamed(name: string): Suite {
  const suite = suites.find((one) => one.name === name);
  if (!suite) throw new Error(`no suite "${name}": ${suites.map((one) => one.name).join(' ')}`);
  return suite;
}

async function runOne(suite: Suite, seed: number): Promise<void> {
  const { verdict, steps } = await schedule(suite, seed);
  for (const line of verdict.trace) console.log(line);
  console.log(JSON.stringify({ suite: suite.name, seed, steps, found: Object.fromEntries(verdict.found) }));
}

async function runMany(suite: Suite): Promise<void> {
  const [first, runs, most] = [values.first, values.runs, values['stop-at']].map(Number) as [number, number, number];
  const sum = { runs: 0, steps: 0, found: new Map<string, number>(), seen: new Map<string, number>() };
  const seeds: number[] = [];
  const began = performance.now();
  for (let seed = first; sum.runs < runs && seeds.length < most; seed++, sum.runs++) {
    const { verdict, steps } = await schedule(suite, seed);
    sum.steps += steps;
    if (verdict.found.size > 0) seeds.push(seed);
    for (const kind of verdict.found.keys()) add(sum.found, kind, 1);
    for (const [what, times] of verdict.seen) add(sum.seen, what, times);
  }
  const summary: Summary = {
    suite: suite.name,
    runs: sum.runs,
    bad: seeds.length,
    found: Object.fromEntries(sum.found),
    seeds: seeds.slice(0, 5),
    seen: Object.fromEntries(sum.seen),
    steps: Math.round(sum.steps / sum.runs),
    milliseconds: Number(((performance.now() - began) / sum.runs).toFixed(2)),
  };
  console.log(JSON.stringify(summary));
}

async function schedule(suite: Suite, seed: number): Promise<{ verdict: Verdict; steps: number }> {
  const { verdict, steps } = await play(seed, suite, values.trace);
  // A promise that nobody took the error of is told of in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve));
  for (const reason of unhandled.splice(0)) {
    verdict.bad('unhandled rejection', reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
  }
  return { verdict, steps };
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}
