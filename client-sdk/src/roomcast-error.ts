// Every error that the client rejects or throws with: the codes of the protocol's table, and a few of its own for what
// a server cannot say. (The protocol's class of the same name would bring its schemas into the browser.)
import type { ErrorCode, Issue, WireError } from '@roomcast/protocol';

/**
 * `timeout`: no answer came, and it is not known whether the server did it.
 * `disconnected`: what was asked for ended with the connection. `closed`: the client is closed.
 * `revoked`: the room was left for good. `reset`: events may be missing. `queue_full`: too many commands wait already.
 */
export type ClientErrorCode = ErrorCode | 'timeout' | 'disconnected' | 'closed' | 'revoked' | 'reset' | 'queue_full';

export class RoomcastError extends Error {
  override readonly name = 'RoomcastError';
  readonly code: ClientErrorCode;
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** How long to wait before that, in milliseconds, where the server said so. */
  readonly retryAfterMs: number | undefined;
  /** Each bad field of a `bad_request`. */
  readonly issues: readonly Issue[];

  constructor(
    code: ClientErrorCode,
    message: string,
    detail: { retryable?: boolean; retryAfterMs?: number; issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retryable = detail.retryable ?? false;
    this.retryAfterMs = detail.retryAfterMs;
    this.issues = detail.issues ?? [];
  }
}

export function fromWire({ code, message, retryable, retry_after_ms, issues }: WireError): RoomcastError {
  return new RoomcastError(code, message, { retryable, retryAfterMs: retry_after_ms, issues });
}
