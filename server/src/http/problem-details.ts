// The one place that turns what was thrown into an answer: RFC 9457 problem details with the code of the error table.
import { STATUS_CODES } from 'node:http';
import { errorTable, RoomcastError, type Issue } from '@roomcast/protocol';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { errorOf } from '../ops/error-of.js';
import { requestOf } from './request-log.js';

export type ErrorLog = Pick<Logger, 'error' | 'warn' | 'info'>;

interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  code: string;
  retryable: boolean;
  retry_after_ms: number | undefined;
  issues?: Issue[];
}

/** After so long it is worth asking again whether the database is back. */
const UNAVAILABLE_RETRY_MS = 1000;

/** The last handler of a router: answers every error as problem details. */
export function createErrorHandler(logger: ErrorLog): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const request = requestOf(req, res);
    const error = ofHttp(thrown) ?? errorOf(thrown, logger, request);
    if (error.code === 'unavailable') logger.warn({ err: thrown, ...request }, 'unavailable');
    if (res.headersSent) next(thrown);
    else sendProblem(res, error);
  };
}

/** Answers what no route has answered. */
export const routeNotFound: RequestHandler = (req) => {
  throw new RoomcastError('not_found', `There is no ${req.method} ${req.baseUrl}${req.path}.`);
};

function sendProblem(res: Response, error: RoomcastError): void {
  const {
    message,
    retry_after_ms = error.code === 'unavailable' ? UNAVAILABLE_RETRY_MS : undefined,
    ...wire
  } = error.toWire();
  const { status } = errorTable[error.code];
  const title = STATUS_CODES[status] ?? 'Error';
  const problem: Problem = { type: 'about:blank', title, status, detail: message, ...wire, retry_after_ms };
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer');
  if (retry_after_ms !== undefined) res.setHeader('Retry-After', Math.ceil(retry_after_ms / 1000));
  res.status(status).type('application/problem+json').send(JSON.stringify(problem));
}

const httpError = z.object({ status: z.int().min(400).max(499), type: z.string().optional() });

/** What express and its body parser throw: errors with a status, and for the parser a type. */
function ofHttp(thrown: unknown): RoomcastError | null {
  if (!(thrown instanceof Error)) return null;
  const error = httpError.safeParse(thrown);
  if (!error.success) return null;
  if (error.data.status === 413) return new RoomcastError('payload_too_large', undefined, { cause: thrown });
  if (error.data.type === 'entity.parse.failed') return new RoomcastError('bad_request', 'The body is not valid JSON.');
  return new RoomcastError('bad_request', thrown.message, { cause: thrown });
}
