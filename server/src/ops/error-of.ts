// What was thrown, as an error of the table. Whatever is not of the table is `internal`: the caller gets an id, the log
// gets the same id and the cause.
import { randomUUID } from 'node:crypto';
import { errorTable, RoomcastError } from '@roomcast/protocol';
import type { Logger } from 'pino';
import { asUnavailable, StorageUnavailable } from '../storage/unavailable.js';

/**
 * @param thrown anything
 * @param logger where an `internal` error and its cause are written
 * @param context of the log entry: what was being done
 */
export function errorOf(thrown: unknown, logger: Pick<Logger, 'error'>, context: object): RoomcastError {
  if (thrown instanceof RoomcastError) return thrown;
  if (asUnavailable(thrown) instanceof StorageUnavailable) {
    return new RoomcastError('unavailable', undefined, { cause: thrown });
  }
  const errorId = randomUUID();
  logger.error({ err: thrown, error_id: errorId, ...context }, 'internal error');
  return new RoomcastError('internal', `${errorTable.internal.sentence} The id is ${errorId}.`, { cause: thrown });
}
