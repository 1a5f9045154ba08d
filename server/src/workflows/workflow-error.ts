// What work throws, and what its attempts end with.
import { RoomcastError } from '@roomcast/protocol';
import { storable } from './storable-text.js';
import type { Failure } from './workflow-entity.js';

/** Thrown by work to say how its run fails. */
export class WorkflowError extends Error {
  override readonly name = 'WorkflowError';
  readonly code: string;
  readonly retryable: boolean;

  /**
   * @param code for programs: `content_library_empty`
   * @param message for people; everybody who watches the run sees it
   * @param detail `retryable`: false when another attempt would fail too
   */
  constructor(code: string, message: string, detail: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retryable = detail.retryable ?? true;
  }
}

/** The reason of a signal that tells work to stop; the name is that of every other abort. */
export class WorkflowStopped extends Error {
  override readonly name = 'AbortError';
  /** `superseded`: the attempt is over, and nothing that it does counts any more. */
  readonly code: 'cancelled' | 'timeout' | 'superseded';

  constructor(code: WorkflowStopped['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_CODE = 100;
const MAX_MESSAGE = 1_000;

/** What is told of an error that work has thrown. */
export function failureOf(thrown: unknown): Failure & { retryable: boolean } {
  const { code, retryable } = thrown instanceof WorkflowError ? thrown : { code: codeOf(thrown), retryable: true };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: storable(code, MAX_CODE), message: storable(message, MAX_MESSAGE), retryable };
}

function codeOf(thrown: unknown): string {
  return thrown instanceof RoomcastError ? thrown.code : 'error';
}
