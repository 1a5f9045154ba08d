// The one table of error codes: what each means, on every wire. Acks, problem details and close frames are made from it.
import { z } from 'zod';

interface ErrorKind {
  /** HTTP status. */
  readonly status: number;
  /** WebSocket close code, where the error ends a native connection. */
  readonly close: number;
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly fault: 'client' | 'server';
  readonly sentence: string;
}

export const errorCode = z.enum([
  'bad_request',
  'unauthorized',
  'token_expired',
  'forbidden',
  'not_found',
  'conflict',
  'payload_too_large',
  'rate_limited',
  'connection_limit',
  'too_many_rooms',
  'overloaded',
  'unavailable',
  'internal',
]);

export type ErrorCode = z.output<typeof errorCode>;

export const errorTable: Readonly<Record<ErrorCode, ErrorKind>> = {
  bad_request: {
    status: 400,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'The request does not have the form that it needs; issues names each bad field.',
  },
  unauthorized: {
    status: 401,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'There is no token or key, or it is not valid.',
  },
  token_expired: {
    status: 401,
    close: 1008,
    retryable: true,
    fault: 'client',
    sentence: 'The token has expired; come again with a new one.',
  },
  forbidden: {
    status: 403,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'The caller may know of this, but may not do it.',
  },
  not_found: {
    status: 404,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'It does not exist, or the caller may not know of it.',
  },
  conflict: {
    status: 409,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'It contradicts what is already there.',
  },
  payload_too_large: {
    status: 413,
    close: 1009,
    retryable: false,
    fault: 'client',
    sentence: 'The body or frame is larger than the limit.',
  },
  rate_limited: {
    status: 429,
    close: 1008,
    retryable: true,
    fault: 'client',
    sentence: 'Too many requests; retry_after_ms tells when to come again.',
  },
  connection_limit: {
    status: 429,
    close: 1008,
    retryable: true,
    fault: 'client',
    sentence: 'The user has as many live connections as are allowed.',
  },
  too_many_rooms: {
    status: 429,
    close: 1008,
    retryable: false,
    fault: 'client',
    sentence: 'The connection is in as many rooms as are allowed.',
  },
  overloaded: {
    status: 503,
    close: 1013,
    retryable: true,
    fault: 'server',
    sentence: 'The node has all the connections that it takes.',
  },
  unavailable: {
    status: 503,
    close: 1012,
    retryable: true,
    fault: 'server',
    sentence: 'Something needed cannot be reached just now; repeat with the same id, a repeat changes nothing.',
  },
  internal: {
    status: 500,
    close: 1011,
    retryable: true,
    fault: 'server',
    sentence: 'An error of the server; its id stands in the log.',
  },
};

/** One bad field: where it is (`events.3.data.title`) and what it takes. */
export interface Issue {
  path: string;
  message: string;
}

export const wireError = z.object({
  code: errorCode,
  message: z.string(),
  retryable: z.boolean(),
  retry_after_ms: z.int().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** An error as it stands in acks, `connect_error` data and error frames. */
export type WireError = z.output<typeof wireError>;

/** An error of the table. Whatever else is thrown is answered as `internal`. */
export class RoomcastError extends Error {
  override readonly name = 'RoomcastError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly issues: readonly Issue[] | undefined;

  /**
   * @param code one of the table
   * @param message a sentence for the caller; the table's when left out
   * @param detail `retryAfterMs` in milliseconds; `issues`, one for each bad field; `cause` for the log
   */
  constructor(
    code: ErrorCode,
    message: string = errorTable[code].sentence,
    detail: { retryAfterMs?: number; issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.retryAfterMs = detail.retryAfterMs;
    this.issues = detail.issues;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_ms: this.retryAfterMs }),
      ...(this.issues === undefined ? {} : { issues: [...this.issues] }),
    };
  }
}

/** @returns a `bad_request` about one field: its path, and what it takes or must not be */
export function badField(path: string, message: string): RoomcastError {
  return new RoomcastError('bad_request', `${path}: ${message}`, { issues: [{ path, message }] });
}

/**
 * Parses input and throws `bad_request` with an issue for each bad field.
 * @param prefix stands before each path, with a dot (`events.3`)
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, prefix = ''): z.output<Schema> {
  const result = parsed(schema, input, prefix);
  if (result.success) return result.data;
  const issues = issuesOf(result.error, prefix);
  const [first] = issues;
  throw new RoomcastError('bad_request', first ? `${first.path || 'input'}: ${first.message}` : undefined, { issues });
}

// A check of how long something is also runs on what is neither text nor list. It then compares whatever stands there as
// `length`, and throws where that is an object that has no value to compare.
function parsed<Schema extends z.ZodType>(schema: Schema, input: unknown, prefix: string) {
  try {
    return schema.safeParse(input);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const message = 'holds an object in the place of a number';
    throw new RoomcastError('bad_request', `input: ${message}`, { issues: [{ path: prefix, message }], cause });
  }
}

/** The issues of a failed parse, with dotted paths. */
export function issuesOf(error: z.ZodError, prefix = ''): Issue[] {
  return error.issues.map((issue) => ({
    path: [...(prefix ? [prefix] : []), ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
}
