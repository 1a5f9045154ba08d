// One answer drawn from its agent, piece by piece, until it is complete or something ends it. The agent is not trusted
// to end: whoever stops the answer is heard at once, and an agent that says nothing, or never stops, is left.
import type { Clock } from '../../ops/clock.js';
import type { AgentDefinition, Question } from '../agent.js';

/** How long an answer may take in all, and how long it may be (UTF-16 code units). */
const LONGEST_MS = 600_000;
const LONGEST_TEXT = 50_000;

/** Who ends an answer from outside, and how the message is then marked. */
export type Stop = 'cancelled' | 'interrupted';

export type Ending =
  | { readonly status: 'complete' }
  | { readonly status: Stop }
  /** `sentence` is for people; null where it is to be found from what was thrown. */
  | { readonly status: 'failed'; readonly sentence: string }
  | { readonly status: 'failed'; readonly thrown: unknown };

export interface DrawDeps {
  clock: Pick<Clock, 'now' | 'after'>;
  /** How long an agent may be silent, in milliseconds. */
  silenceMs: number;
}

/** A reason that the platform itself has to end an answer. */
class Limit {
  constructor(readonly sentence: string) {}
}

/**
 * @param take is given the pieces; answers how long the text is by now
 * @param stop aborts with a `Stop` as its reason
 */
export async function drawAnswer(
  { clock, silenceMs }: DrawDeps,
  agent: AgentDefinition,
  question: Omit<Question, 'signal'>,
  take: (piece: string) => number,
  stop: AbortSignal,
): Promise<Ending> {
  const own = new AbortController();
  const signal = AbortSignal.any([stop, own.signal]);
  const isStopped = () => signal.aborted;
  const watch = watchSilence(clock, silenceMs, (limit) => own.abort(limit));
  const cancelTotal = clock.after(LONGEST_MS, () => own.abort(new Limit('The answer took too long and was ended.')));
  const stopped = new Promise<'stopped'>((resolve) => {
    if (signal.aborted) resolve('stopped');
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  let pieces: AsyncIterator<string> | null = null;
  try {
    if (isStopped()) return endingOf(stop, own.signal);
    pieces = agent.respond({ ...question, signal })[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([pieces.next(), stopped]);
      if (next === 'stopped' || isStopped()) return endingOf(stop, own.signal);
      if (next.done) return { status: 'complete' };
      watch.sign();
      if (take(next.value) > LONGEST_TEXT) {
        return { status: 'failed', sentence: `The answer was cut at ${LONGEST_TEXT} characters.` };
      }
    }
  } catch (thrown) {
    return isStopped() ? endingOf(stop, own.signal) : { status: 'failed', thrown };
  } finally {
    watch.end();
    cancelTotal();
    own.abort();
    // It may hang, and nobody waits for it any more.
    pieces?.return?.().catch(() => {});
  }
}

function endingOf(stop: AbortSignal, own: AbortSignal): Ending {
  if (stop.aborted) return { status: stop.reason === 'cancelled' ? 'cancelled' : 'interrupted' };
  const reason: unknown = own.reason;
  return reason instanceof Limit
    ? { status: 'failed', sentence: reason.sentence }
    : { status: 'failed', thrown: reason };
}

/** One timer however many pieces come. */
function watchSilence(clock: DrawDeps['clock'], ms: number, silent: (limit: Limit) => void) {
  let last = clock.now();
  let cancel = clock.after(ms, check);
  function check(): void {
    const left = last + ms - clock.now();
    if (left > 0) cancel = clock.after(left, check);
    else
      silent(
        new Limit(
          `The agent has said nothing for ${ms === 1000 ? 'a second' : `${ms / 1000} seconds`} and was given up.`,
        ),
      );
  }
  return {
    sign: () => void (last = clock.now()),
    end: () => cancel(),
  };
}
