import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { takeDelta, type Delta, type TextSoFar } from '../../../src/agents/answers/take-delta.js';

const seed = Date.now() % 2 ** 31;
const delta = (at: number, text: string, attempt = 1): Delta => ({ attempt, at, text });
const soFar = (text: string, attempt = 1): TextSoFar => ({ attempt, text });

describe('a piece of an answer', () => {
  it.each<[string, TextSoFar | null, Delta, unknown]>([
    ['begins it', null, delta(0, 'ab'), { kind: 'grown', soFar: soFar('ab'), news: delta(0, 'ab') }],
    ['goes on', soFar('ab'), delta(2, 'cd'), { kind: 'grown', soFar: soFar('abcd'), news: delta(2, 'cd') }],
    [
      'is taken as far as it is new',
      soFar('abc'),
      delta(1, 'bcd'),
      { kind: 'grown', soFar: soFar('abcd'), news: delta(3, 'd') },
    ],
    ['that came before is known', soFar('abcd'), delta(1, 'bc'), { kind: 'known' }],
    ['without text is a sign, and known', soFar('ab'), delta(2, ''), { kind: 'known' }],
    ['after a hole is a gap', soFar('ab'), delta(3, 'd'), { kind: 'gap' }],
    ['of an answer that is not known is a gap', null, delta(3, 'd'), { kind: 'gap' }],
    ['of an older attempt is known', soFar('', 2), delta(5, 'x', 1), { kind: 'known' }],
    [
      'of a newer attempt begins anew',
      soFar('abc', 1),
      delta(0, 'x', 2),
      { kind: 'grown', soFar: soFar('x', 2), news: delta(0, 'x', 2) },
    ],
    ['from the middle of a newer attempt is a gap', soFar('abc', 1), delta(2, 'x', 2), { kind: 'gap' }],
  ])('%s', (_what, had, piece, taken) => {
    expect(takeDelta(had, piece)).toEqual(taken);
  });

  it(`however pieces are lost, repeated and reordered, leaves a text that was said, and news without a repeat (seed ${String(seed)})`, () => {
    const cuts = fc.array(fc.nat(40), { maxLength: 12 });
    const order = fc.array(fc.tuple(fc.nat(11), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40 }), cuts, order, (text, places, came) => {
        const pieces = piecesOf(text, places);
        let had: TextSoFar | null = null;
        let seen = '';
        for (const [index, whole] of came) {
          const piece = pieces[index % pieces.length]!;
          const taken = takeDelta(had, whole ? delta(0, text.slice(0, piece.at + piece.text.length)) : piece);
          if (taken.kind !== 'grown') continue;
          had = taken.soFar;
          // What a client does: nothing that it has shown may change.
          const shown = seen.slice(0, taken.news.at) + taken.news.text;
          expect(shown.startsWith(seen)).toBe(true);
          expect(taken.news.at).toBe(seen.length);
          seen = shown;
          expect(seen).toBe(had.text);
          expect(text.startsWith(seen)).toBe(true);
        }
      }),
      { seed },
    );
  });
});

function piecesOf(text: string, places: readonly number[]): Delta[] {
  const ends = [...new Set([...places.map((place) => place % text.length), text.length])].sort((a, b) => a - b);
  return ends.map((end, index) => delta(ends[index - 1] ?? 0, text.slice(ends[index - 1] ?? 0, end)));
}
