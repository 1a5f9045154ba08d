// Puts a new token in the place of one that ends, on a live connection. Fails it for good, the server ends the
// connection after its grace, and the next one begins with a new token.
import { retryDelay, type RetryTiming } from './backoff.js';
import type { Outcome } from './wire.js';

interface Deps {
  getToken: () => Promise<string>;
  send: (payload: { token: string }, done: (outcome: Outcome) => void) => void;
  timing: RetryTiming;
  random: () => number;
  failed: (error: unknown) => void;
}

/** Begins at once. @returns stops it */
export function renewToken({ getToken, send, timing, random, failed }: Deps): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function attempt(count: number): void {
    getToken().then(
      (token) => {
        if (!stopped) send({ token }, (outcome) => settle(outcome, count));
      },
      (error: unknown) => again(count, error),
    );
  }

  function settle(outcome: Outcome, count: number): void {
    if (outcome.type === 'unanswered') again(count, null);
    else if (outcome.type === 'error' && outcome.error.retryable) again(count, outcome.error);
    else if (outcome.type === 'error' && !stopped) failed(outcome.error);
  }

  function again(count: number, error: unknown): void {
    if (stopped) return;
    if (error !== null) failed(error);
    timer = setTimeout(() => attempt(count + 1), retryDelay(count, timing, random));
  }

  attempt(1);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
