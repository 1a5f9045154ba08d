// What goes wrong for reasons that one line tells to whoever started the server or a command; a stack would hide it.
import { types } from 'node:util';
import { ConfigError } from '../config.js';
import { DirectoryInUse } from '../storage/embedded/directory-lock.js';
import { SchemaTooNew } from '../storage/migrate.js';
import { StorageUnavailable } from '../storage/transaction.js';
import { CommandFailed } from './command.js';

const TOLD = [CommandFailed, ConfigError, DirectoryInUse, SchemaTooNew, StorageUnavailable];

/** SQLSTATE classes of a server that does not let us in (28), or has no such database (3D). */
const NOT_LET_IN = /^(28|3D)...$/;

/** Looking the name up that HOST is, and taking the address. */
const LISTENING = ['getaddrinfo', 'listen'];

/** Of files: that the directory is none, or nobody may write there, or there is no room. */
const NOT_WRITABLE = ['EACCES', 'EEXIST', 'ENOSPC', 'ENOTDIR', 'EPERM', 'EROFS'];

/** @returns the line; null for an error that nobody has foreseen, whose stack is needed */
export function failureLine(error: unknown): string | null {
  if (!types.isNativeError(error)) return null;
  if (TOLD.some((kind) => error instanceof kind)) return error.message;
  const code = 'code' in error ? String(error.code) : '';
  if (NOT_LET_IN.test(code)) return `DATABASE_URL cannot be used: ${error.message}`;
  const call = 'syscall' in error ? String(error.syscall) : '';
  if (LISTENING.includes(call)) return `HOST and PORT cannot be used: ${error.message}`;
  // The platform writes nowhere else.
  if ('path' in error && NOT_WRITABLE.includes(code)) return `DATA_DIR cannot be used: ${error.message}`;
  return null;
}
