/**
 * The one error that says "the database cannot be reached now, try again": a refused or broken connection, a server
 * that is shutting down, a pool in which no connection became free. Every door of this folder turns the many spellings
 * of pg, Node.js and TypeORM into it, so that callers answer `unavailable` and need not know any of them.
 */
import { types } from 'node:util';
import { QueryFailedError } from 'typeorm';

/** The database cannot be reached at the moment. What was in flight may or may not have been committed. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

// https://www.postgresql.org/docs/current/errcodes-appendix.html: 08 connection exception, 53100 disk full, 53300 too many
// connections,
// 57P01-57P05 shutdowns and ended sessions, 25P03 a transaction that idled too long, 25006 a server that has become a
// read-only standby.
const SQL_STATES = /^(08...|53[13]00|57P0[1-5]|25P03|25006)$/;

const POOL_WAIT = 'timeout exceeded when trying to connect';

const MESSAGES = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout expired',
  'Client was closed and is not queryable',
  'Client has encountered a connection error and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'Driver not Connected',
]);

/**
 * Answers a StorageUnavailable (with the original as its cause) if the error means that the database cannot be reached,
 * else the error as it was.
 */
export function asUnavailable(error: unknown): unknown {
  const reason: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (reason instanceof StorageUnavailable) return reason;
  if (!types.isNativeError(reason)) return error;
  if (reason.message === POOL_WAIT) return new StorageUnavailable(waitedTooLong, { cause: error });
  if (!isUnavailable(reason)) return error;
  return new StorageUnavailable(`the database is unavailable: ${describe(reason)}`, { cause: error });
}

const waitedTooLong =
  'no database connection became free in time: all are busy, or a query inside a transaction went around its manager';

function isUnavailable(reason: Error): boolean {
  const code = 'code' in reason && typeof reason.code === 'string' ? reason.code : '';
  return NETWORK_CODES.has(code) || SQL_STATES.test(code) || isMissingSocket(reason) || MESSAGES.has(reason.message);
}

/** A Unix socket whose server is not running: ENOENT, but only from connect. */
function isMissingSocket(reason: Error): boolean {
  return 'code' in reason && reason.code === 'ENOENT' && 'syscall' in reason && reason.syscall === 'connect';
}

/** An AggregateError (one attempt an address) has no message of its own. */
function describe(reason: Error): string {
  if (reason.message !== '') return reason.message;
  return 'code' in reason ? String(reason.code) : reason.name;
}
