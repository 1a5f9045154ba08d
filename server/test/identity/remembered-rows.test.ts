import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRememberedRows } from '../../src/identity/remembered-rows.js';

interface Row {
  id: string;
  value: number;
}

/** A table whose statements end when the test says so, each with what it found when it began. */
function table(rows: Record<string, number>) {
  const reads: { asks: readonly string[]; finish: () => void; fail: (error: Error) => void }[] = [];
  let now = 0;
  const remembered = createRememberedRows<string, Row>({
    keyOf: (ask) => ask,
    read: (asks) => {
      const found = asks.map((id) => (id in rows ? { id, value: rows[id]! } : undefined));
      return new Promise((resolve, reject) => reads.push({ asks, finish: () => resolve(found), fail: reject }));
    },
    keepMs: 1_000,
    capacity: 10,
    clock: () => now,
  });
  return { rows, reads, remembered, pass: (ms: number) => (now += ms) };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('remembered rows', () => {
  it('are read once for all who ask meanwhile, remembered for a moment, and then read again', async () => {
    const { reads, remembered, pass } = table({ ada: 1 });
    const both = Promise.all([remembered.get('ada'), remembered.get('ada')]);
    reads[0]!.finish();
    expect(await both).toEqual([
      { id: 'ada', value: 1 },
      { id: 'ada', value: 1 },
    ]);
    pass(999);
    expect(await remembered.get('ada')).toEqual({ id: 'ada', value: 1 });
    expect(reads).toHaveLength(1);
    pass(1);
    const later = remembered.get('ada');
    expect(reads).toHaveLength(2);
    reads[1]!.finish();
    await later;
  });

  it('are asked for in one statement by all who came while another was under way', async () => {
    const { reads, remembered } = table({ ada: 1, bob: 2 });
    const first = remembered.get('ada');
    const rest = Promise.all([remembered.get('bob'), remembered.get('eve'), remembered.get('bob')]);
    expect(reads.map(({ asks }) => asks)).toEqual([['ada']]);
    reads[0]!.finish();
    await first;
    await settled();
    expect(reads.map(({ asks }) => asks)).toEqual([['ada'], ['bob', 'eve']]);
    reads[1]!.finish();
    expect(await rest).toEqual([{ id: 'bob', value: 2 }, undefined, { id: 'bob', value: 2 }]);
  });

  it('are not remembered as missing', async () => {
    const { rows, reads, remembered } = table({});
    const missing = remembered.get('ada');
    reads[0]!.finish();
    expect(await missing).toBeUndefined();
    await settled();
    rows.ada = 1;
    const found = remembered.get('ada');
    reads[1]!.finish();
    expect(await found).toEqual({ id: 'ada', value: 1 });
  });

  it('that are forgotten while they are read are read again', async () => {
    const { rows, reads, remembered } = table({ ada: 1, bob: 1 });
    const ada = remembered.get('ada');
    rows.ada = 2;
    remembered.forget(({ id }) => id === 'ada');
    reads[0]!.finish();
    await settled();
    expect(reads).toHaveLength(2);
    reads[1]!.finish();
    expect(await ada).toEqual({ id: 'ada', value: 2 });
  });

  it('fail for all whose statement fails, and not for who asks afterwards', async () => {
    const { reads, remembered } = table({ ada: 1 });
    const failed = Promise.allSettled([remembered.get('ada')]);
    reads[0]!.fail(new Error('gone'));
    expect(await failed).toMatchObject([{ status: 'rejected', reason: { message: 'gone' } }]);
    await settled();
    const again = remembered.get('ada');
    reads[1]!.finish();
    expect(await again).toEqual({ id: 'ada', value: 1 });
  });

  it('answer nobody with what was read before the last time it was forgotten, whatever happens between', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('get' as const), id: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constant('change' as const), id: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constantFrom('finish' as const, 'fail' as const, 'pass' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { rows, reads, remembered, pass } = table({ a: 0, b: 0, c: 0 });
        const answers: Promise<void>[] = [];
        let finished = 0;
        const finish = async () => {
          reads[finished++]?.finish();
          await settled();
        };
        for (const step of steps) {
          if (step.do === 'get') {
            const answered = remembered.get(step.id).then(
              (row) => expect(row?.value).toBe(rows[step.id]),
              (error: unknown) => expect(error).toEqual(new Error('gone')),
            );
            answers.push(answered);
          } else if (step.do === 'change') {
            // What has been answered is looked at before the next change: an answer cannot be taken back.
            await settled();
            rows[step.id]! += 1;
            remembered.forget(({ id }) => id === step.id);
          } else if (step.do === 'pass') pass(600);
          else if (step.do === 'fail' && finished < reads.length) reads[finished++]!.fail(new Error('gone'));
          else if (finished < reads.length) await finish();
        }
        await settled();
        while (finished < reads.length) await finish();
        await Promise.all(answers);
      }),
      { numRuns: 500 },
    );
  });
});
