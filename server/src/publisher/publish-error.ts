// What a server answered that did not take something, or why nobody could be asked.

/** `code` is one of the platform's error table, `closed` or `queue_full`. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: string;
  /** The same may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds after which it is worth trying, where the server has said so. */
  readonly retryAfterMs: number | undefined;
  /** One for each bad field. */
  readonly issues: readonly { path: string; message: string }[];

  constructor(
    code: string,
    message: string,
    detail: {
      retryable?: boolean;
      retryAfterMs?: number | undefined;
      issues?: readonly { path: string; message: string }[];
      cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retryable = detail.retryable ?? false;
    this.retryAfterMs = detail.retryAfterMs;
    this.issues = detail.issues ?? [];
  }
}
