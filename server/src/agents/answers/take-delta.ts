// What a node makes of a piece of an answer, whatever was lost, repeated or overtaken on the way: it takes what lies
// beyond the text that it has, and knows when something is missing.

/** A piece of an answer in the making, as `message.delta` tells it. */
export interface Delta {
  readonly attempt: number;
  /** Characters of the text before it (UTF-16 code units, as JavaScript counts them). */
  readonly at: number;
  readonly text: string;
}

/** All of an answer that a node has. */
export interface TextSoFar {
  readonly attempt: number;
  readonly text: string;
}

export type Taken =
  | { readonly kind: 'known' }
  | { readonly kind: 'gap' }
  /** The text is now this one, and members are to be told `news`. */
  | { readonly kind: 'grown'; readonly soFar: TextSoFar; readonly news: Delta };

const KNOWN: Taken = { kind: 'known' };
const GAP: Taken = { kind: 'gap' };

/** @param soFar null: nothing of this answer was heard yet */
export function takeDelta(soFar: TextSoFar | null, { attempt, at, text }: Delta): Taken {
  if (soFar && attempt < soFar.attempt) return KNOWN;
  const had = soFar?.attempt === attempt ? soFar.text : '';
  const isNew = soFar?.attempt !== attempt;
  if (at > had.length) return GAP;
  const more = text.slice(had.length - at);
  if (more === '' && !(isNew && at === 0)) return KNOWN;
  return {
    kind: 'grown',
    soFar: { attempt, text: had + more },
    news: { attempt, at: had.length, text: more },
  };
}
