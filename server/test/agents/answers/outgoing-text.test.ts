import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOutgoingText } from '../../../src/agents/answers/outgoing-text.js';
import type { Delta } from '../../../src/agents/answers/take-delta.js';
import { createManualClock } from '../../ops/manual-clock.js';

const seed = Date.now() % 2 ** 31;

function makeText() {
  const clock = createManualClock();
  const told: Delta[] = [];
  return { clock, told, outgoing: createOutgoingText(1, clock, (delta) => told.push(delta)) };
}

describe('an answer on its way out', () => {
  it('is told at once when it begins, then in steps of 40 ms', () => {
    const { clock, told, outgoing } = makeText();
    outgoing.add('a');
    for (const piece of ['b', 'c', 'd']) {
      outgoing.add(piece);
      clock.pass(15);
    }
    clock.pass(100);
    outgoing.add('e');
    expect(told.map(({ at, text }) => [at, text])).toEqual([
      [0, 'a'],
      [1, 'bcd'],
      [4, 'e'],
    ]);
  });

  it('tells the rest when flushed, and nothing after it was closed', () => {
    const { clock, told, outgoing } = makeText();
    outgoing.add('a');
    outgoing.add('b');
    outgoing.flush();
    outgoing.close();
    outgoing.add('c');
    clock.pass(1_000);
    expect(told.map(({ text }) => text)).toEqual(['a', 'b']);
    expect(clock.waiting).toBe(0);
  });

  it(`holds only what can be stored, and is the sum of what was told (seed ${String(seed)})`, () => {
    const unit = fc.oneof(fc.constantFrom('\0', '😀', '\uD83D', '\uDE00', 'é', 'a'), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(unit), fc.nat(60), (pieces, pause) => {
        const { clock, told, outgoing } = makeText();
        for (const piece of pieces) {
          outgoing.add(piece);
          clock.pass(pause);
        }
        outgoing.flush();
        expect(told.map(({ text }) => text).join('')).toBe(outgoing.text);
        expect(outgoing.text).not.toMatch(/\p{Cs}|\0/u);
        for (const { text } of told) expect(text).not.toMatch(/\p{Cs}/u);
      }),
      { seed },
    );
  });

  it('puts characters together that were cut in two', () => {
    const { outgoing } = makeText();
    for (const piece of ['x\uD83D', '\uDE00y']) outgoing.add(piece);
    expect(outgoing.text).toBe('x😀y');
  });
});
