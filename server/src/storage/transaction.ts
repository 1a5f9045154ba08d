/**
 * The way to change several rows as one: READ COMMITTED, whatever the server's default is, because the event log's
 * numbering takes a fresh snapshot after its locks.
 */
import {
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
  type DataSource,
  type EntityManager,
  type QueryRunner,
} from 'typeorm';
import { followedUp } from './transaction-hooks.js';
import { StorageUnavailable, asUnavailable } from './unavailable.js';

export { onCommit } from './transaction-hooks.js';
export { StorageUnavailable } from './unavailable.js';

/**
 * Runs `work` in one transaction and answers its result once committed, and once what `onCommit` has begun is done;
 * any error rolls back all of it.
 * Every statement of `work` goes through the given manager: the embedded database has one connection, and a query
 * around it would wait for the very transaction that waits for it, until the pool gives up.
 * @throws StorageUnavailable if the database went away (whether the commit reached it is then unknown), else what
 *   `work` threw
 */
export function inTransaction<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return transact(dataSource, 'READ COMMITTED', work);
}

/** The same at another level of isolation. */
export async function transact<T>(
  dataSource: DataSource,
  isolation: 'READ COMMITTED' | 'REPEATABLE READ',
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  let runner: QueryRunner | undefined;
  try {
    const result = await dataSource.transaction(isolation, (manager) => {
      runner = manager.queryRunner;
      return work(manager);
    });
    if (runner) await followedUp(runner);
    return result;
  } catch (error) {
    if (isReleased(error))
      throw new StorageUnavailable('the database connection was lost in the middle of a transaction', { cause: error });
    throw asUnavailable(error);
  }
}

/** So a connection that died between two statements shows in the next one, be it the first or the commit. */
function isReleased(error: unknown): boolean {
  return error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError;
}
