// What can go wrong with a model's endpoint, as sentences for people. What the endpoint itself has said stays in the
// log: it may name keys, accounts and addresses.

/** A failure that people are told of. The message is a sentence for them, `detail` is for the log. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';

  constructor(
    sentence: string,
    readonly detail: string,
  ) {
    super(sentence);
  }
}

/** What has happened. */
export interface Mishap {
  /** The endpoint had begun to answer. */
  readonly heard: boolean;
  /** It does not want to answer this. */
  readonly declined: boolean;
  /** In HTTP; null: there was none, or it was good. */
  readonly status: number | null;
  /** As in HTTP: seconds, or a date. */
  readonly retryAfter: string | null;
  readonly detail: string;
}

export function failureOf(mishap: Mishap): ModelFailure {
  const { status, detail } = mishap;
  return new ModelFailure(sentenceOf(mishap), status === null ? detail : `${status} ${detail}`);
}

function sentenceOf({ heard, declined, status, retryAfter }: Mishap): string {
  if (declined) return 'The model’s endpoint has declined to answer this.';
  if (status === 429 || (status === 503 && retryAfter !== null))
    return `The model has too much to do; please ask again ${inTime(retryAfter)}.`;
  if (status === 401 || status === 403) return 'The model’s endpoint does not accept the key of this server.';
  if (status === 404) return 'The model’s endpoint does not know the model that this server asks for.';
  if (status !== null && status >= 400 && status < 500) return 'The model’s endpoint has refused the question.';
  if (status !== null && status >= 500) return 'The model’s endpoint has failed; please ask again later.';
  if (!heard) return 'The model’s endpoint cannot be reached; please ask again later.';
  return 'The answer broke off before it was complete; please ask again.';
}

function inTime(retryAfter: string | null): string {
  if (retryAfter === null) return 'later';
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return 'later';
  return seconds > 1 ? `in ${Math.ceil(seconds)} seconds` : 'in a second';
}
