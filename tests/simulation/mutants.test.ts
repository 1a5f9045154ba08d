// Whoever breaks a delivery rule must hear of it: each rule is broken once, and the simulation must find that.
import { describe, expect, it } from '@jest/globals';
import { mutants } from './mutants.js';
import { simulate } from './process.js';

/** Some rules matter in one of a thousand schedules only. */
const RUNS = '10000';
const IN_TIME_MS = 300_000;

describe('the simulation finds it when', () => {
  it.each(mutants.map(({ name, suite }) => [name, suite]))(
    '%s',
    async (mutant, suite) => {
      const { bad } = await simulate('--mutant', mutant, '--suite', suite, '--runs', RUNS, '--stop-at', '1');
      expect(bad).toBe(1);
    },
    IN_TIME_MS,
  );
});
