import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coalesce } from '../../src/ops/coalesce.js';

interface Call {
  questions: readonly number[];
  answer: (answers?: readonly number[]) => void;
  fail: (error: Error) => void;
}

/** Questions that are answered when the test says so. */
function asked(most = 100) {
  const calls: Call[] = [];
  const ask = coalesce<number, number>(
    (questions) =>
      new Promise((resolve, reject) => {
        const answer = (answers?: readonly number[]) => resolve(answers ?? questions.map((question) => question * 2));
        calls.push({ questions, answer, fail: reject });
      }),
    most,
  );
  return { ask, calls };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('questions', () => {
  it('that come alone are asked at once', async () => {
    const { ask, calls } = asked();
    const answer = ask(21);
    expect(calls.map(({ questions }) => questions)).toEqual([[21]]);
    calls[0]?.answer();
    expect(await answer).toBe(42);
  });

  it('that come while another is being answered are asked together, after it, in their order', async () => {
    const { ask, calls } = asked();
    const answers = Promise.all([1, 2, 3].map(ask));
    expect(calls).toHaveLength(1);
    calls[0]?.answer();
    await turn();
    expect(calls.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
    calls[1]?.answer();
    expect(await answers).toEqual([2, 4, 6]);
  });

  it('beyond the most of one call are asked by the next', async () => {
    const { ask, calls } = asked(2);
    const answers = Promise.all([1, 2, 3, 4].map(ask));
    for (const call of [0, 1, 2]) {
      calls[call]?.answer();
      await turn();
    }
    expect(calls.map(({ questions }) => questions)).toEqual([[1], [2, 3], [4]]);
    expect(await answers).toEqual([2, 4, 6, 8]);
  });

  it('of a call that failed all fail with its error; later ones are asked', async () => {
    const { ask, calls } = asked();
    const [first, second, third] = [1, 2, 3].map((question) => ask(question).catch((error: unknown) => error));
    calls[0]?.answer();
    await turn();
    const gone = new Error('gone');
    calls[1]?.fail(gone);
    expect([await first, await second, await third]).toEqual([2, gone, gone]);
    await turn();
    const later = ask(4);
    calls[2]?.answer();
    expect(await later).toBe(8);
  });

  it('that got another number of answers fail', async () => {
    const { ask, calls } = asked();
    const answer = ask(1);
    calls[0]?.answer([1, 2]);
    await expect(answer).rejects.toThrow('1 questions got 2 answers');
  });

  it('get their own answers, however they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(99), fc.constant('turn' as const)), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, most) => {
          let running = 0;
          const ask = coalesce<number, number>(async (questions) => {
            expect(++running).toBe(1);
            expect(questions.length).toBeLessThanOrEqual(most);
            await turn();
            running--;
            return questions.map((question) => question * 2);
          }, most);
          const answers: Promise<[number, number]>[] = [];
          for (const step of steps) {
            if (step === 'turn') await turn();
            else answers.push(ask(step).then((answer) => [step, answer]));
          }
          for (const [question, answer] of await Promise.all(answers)) expect(answer).toBe(question * 2);
        },
      ),
    );
  });
});
