// One request to the server, as often as it takes: a server that is away, starts again or has no time now is asked again
// after a pause that grows. What is sent bears its own ids, so asking again changes nothing.
import { PublishError } from './publish-error.js';

export interface HttpCaller {
  /** @returns the body of the answer @throws PublishError when the server refuses it, or too much time has passed */
  post(path: string, body: object): Promise<Record<string, unknown>>;
  /** Requests under way are given up. */
  close(): void;
}

export interface HttpCallerOptions {
  /** Of the server: `http://127.0.0.1:8000`. */
  url: string;
  /** An API key or a token; a function is asked for each request. */
  key: string | (() => string | Promise<string>);
  /** For how long a request is tried, in milliseconds; 300,000 unless told. */
  giveUpMs?: number;
}

const GIVE_UP_MS = 300_000;
const REQUEST_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export function createHttpCaller({ url, key, giveUpMs = GIVE_UP_MS }: HttpCallerOptions): HttpCaller {
  const closing = new AbortController();
  const base = `${url.replace(/\/+$/, '')}/api/v1`;

  async function ask(path: string, body: string): Promise<Record<string, unknown>> {
    const credential = typeof key === 'string' ? key : await key();
    const response = await fetch(base + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    const answer = await jsonOf(response);
    if (response.ok) return answer;
    throw refusal(response, answer);
  }

  return {
    async post(path, body) {
      const text = JSON.stringify(body);
      const giveUpAt = performance.now() + giveUpMs;
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
        try {
          return await ask(path, text);
        } catch (thrown) {
          if (closing.signal.aborted) throw new PublishError('closed', 'The publisher was closed.', { cause: thrown });
          const error = thrown instanceof PublishError ? thrown : unreachable(url, thrown);
          const wait = error.retryAfterMs ?? pause * (0.5 + Math.random());
          if (!error.retryable || performance.now() + wait > giveUpAt) throw error;
          await sleep(wait, closing.signal);
        }
      }
    },
    close: () => closing.abort(),
  };
}

function unreachable(url: string, cause: unknown): PublishError {
  return new PublishError('unavailable', `No answer from ${url}.`, { retryable: true, cause });
}

function refusal(response: Response, answer: Record<string, unknown>): PublishError {
  const { code, detail, retryable, retry_after_ms: retryAfterMs, issues } = answer;
  // What is in front of a server that is away answers in its own words.
  const isOurs = typeof code === 'string';
  return new PublishError(
    isOurs ? code : 'unavailable',
    typeof detail === 'string' ? detail : `The answer was ${response.status} ${response.statusText}.`,
    {
      retryable: isOurs ? retryable === true : response.status >= 500 || response.status === 429,
      retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
      issues: Array.isArray(issues) ? issues.filter(isIssue) : [],
    },
  );
}

function isIssue(value: unknown): value is { path: string; message: string } {
  return typeof value === 'object' && value !== null && 'path' in value && 'message' in value;
}

async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
