// An answer's text on its way out: pieces are gathered for a moment and told together, the first at once. What cannot
// be stored is left out, so that what was streamed and what the message says at the end are the same.
import type { Clock } from '../../ops/clock.js';
import type { Delta } from './take-delta.js';

/** People see 25 steps a second as one movement; more would only be more frames. */
const GATHER_MS = 40;

export interface OutgoingText {
  /** All of it. */
  readonly text: string;
  /** How much of it was told. */
  readonly told: number;
  add(piece: string): void;
  /** Tells what is gathered. */
  flush(): void;
  /** Tells nothing more. */
  close(): void;
}

export function createOutgoingText(
  attempt: number,
  clock: Pick<Clock, 'after'>,
  tell: (delta: Delta) => void,
): OutgoingText {
  let text = '';
  let told = 0;
  let half = '';
  let cancel: (() => void) | null = null;

  function flush(): void {
    if (told === text.length) return;
    const at = told;
    told = text.length;
    tell({ attempt, at, text: text.slice(at) });
  }

  function gather(): void {
    flush();
    cancel = clock.after(GATHER_MS, () => {
      cancel = null;
      if (told < text.length) gather();
    });
  }

  return {
    get text() {
      return text;
    },
    get told() {
      return told;
    },
    add(piece) {
      const whole = half + piece.replaceAll('\0', '');
      // A character may be cut in two: its first half waits for the other one.
      half = /[\uD800-\uDBFF]$/.test(whole) ? whole.slice(-1) : '';
      text += whole.slice(0, whole.length - half.length).replaceAll(/\p{Cs}/gu, '\uFFFD');
      if (cancel === null && told < text.length) gather();
    },
    flush,
    close() {
      cancel?.();
      cancel = () => {};
    },
  };
}
