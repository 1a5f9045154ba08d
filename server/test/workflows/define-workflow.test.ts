import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineWorkflow } from '../../src/workflows/define-workflow.js';
import { parseRetry, pauseAfter } from '../../src/workflows/retry.js';
import { RunProgress } from '../../src/workflows/run-progress.js';

const work = { input: z.object({}), run: () => 1 };

describe('a workflow', () => {
  it('has three attempts, ten seconds of grace and ten runs at once unless it says otherwise', () => {
    expect(defineWorkflow({ name: 'analysis', ...work })).toMatchObject({
      name: 'analysis',
      title: 'analysis',
      retry: { attempts: 3, firstMs: 1_000, factor: 2, maxMs: 60_000 },
      timeoutMs: null,
      graceMs: 10_000,
      concurrency: 10,
      priority: 0,
      totalSteps: 0,
    });
  });

  it.each([
    ['a name', { name: 'no name' }, 'name takes'],
    ['a concurrency', { concurrency: 0 }, 'concurrency takes'],
    ['a priority', { priority: 1.5 }, 'priority takes'],
    ['a time', { timeoutMs: 0 }, 'timeoutMs takes'],
    ['a grace', { graceMs: -1 }, 'graceMs takes'],
    ['attempts', { retry: { attempts: 0 } }, 'retry.attempts takes'],
    ['a pause', { retry: { firstMs: Number.NaN } }, 'retry.firstMs takes'],
    ['a factor', { retry: { factor: 0.5 } }, 'retry.factor takes'],
  ])('is refused with %s that cannot be', (_what, wrong, message) => {
    expect(() => defineWorkflow({ name: 'analysis', ...work, ...wrong })).toThrow(`: ${message}`);
  });

  it('is refused without steps, and with two of one name', () => {
    const steps = (...names: string[]) => names.map((name) => ({ name, run: () => 1 }));
    const define = (...names: string[]) => defineWorkflow({ name: 'a', input: z.object({}), steps: steps(...names) });
    expect(() => define()).toThrow('workflow "a": steps takes at least one');
    expect(() => define('read', 'match', 'read')).toThrow('the step "read" is there twice');
    expect(define('read', 'match').totalSteps).toBe(2);
  });
});

describe('pauses between attempts', () => {
  it('grow up to the longest, and end after the last attempt', () => {
    const policy = parseRetry({ attempts: 5, firstMs: 100, factor: 3, maxMs: 1_000 });
    if (typeof policy === 'string') throw new Error(policy);
    expect([1, 2, 3, 4, 5].map((failures) => pauseAfter(policy, failures))).toEqual([100, 300, 900, 1_000, null]);
  });
});

describe('the progress of an attempt', () => {
  const begun = (progress = 0, totalSteps = 0) => new RunProgress({ progress, totalSteps }, 0);

  it('is what was reported last, but never less than before, nor more than all', () => {
    const progress = begun();
    progress.report({ progress: 30.126, current_step: 'a' });
    progress.report({ progress: 20, total_steps: 4 });
    expect(progress.take(1)).toMatchObject({ progress: 30.13, currentStep: 'a', totalSteps: 4 });
    progress.report({ progress: -5 });
    progress.report({ progress: 1_000 });
    expect(progress.take(1).progress).toBe(100);
  });

  it('counts steps and what part of the present one is done', () => {
    const progress = begun(0, 4);
    progress.stepBegun('one');
    progress.report({ step_progress: 50 });
    expect(progress.take(1)).toMatchObject({ progress: 12.5, currentStep: 'one' });
    progress.stepDone();
    expect(progress.take(1).progress).toBe(25);
    progress.report({ step_progress: 200 });
    expect(progress.take(1).progress).toBe(50);
  });

  it('estimates from what this attempt has done', () => {
    const progress = begun(50);
    progress.report({ progress: 60 });
    expect(progress.take(100).etaSeconds).toBeUndefined();
    expect(progress.take(10_000).etaSeconds).toBe(40);
    progress.report({ eta_seconds: 3 });
    expect(progress.take(20_000).etaSeconds).toBe(3);
  });

  it('keeps lines that could not be told, in their order', () => {
    const progress = begun();
    progress.log(['1', '2']);
    const taken = progress.take(1);
    expect(progress.dirty).toBe(false);
    progress.log(['3']);
    progress.putBack(taken);
    expect(progress.take(1).logs).toEqual(['1', '2', '3']);
  });
});
