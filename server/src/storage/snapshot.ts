/** Several reads of one moment: a transaction that sees what was committed before its first statement, and no more. */
import type { DataSource } from 'typeorm';
import { query, type Query } from './query.js';
import { transact } from './transaction.js';

/**
 * Runs reads in one snapshot.
 * @throws StorageUnavailable if the database went away, else what `read` threw
 */
export function inSnapshot<Result>(dataSource: DataSource, read: (query: Query) => Promise<Result>): Promise<Result> {
  return transact(dataSource, 'REPEATABLE READ', (manager) =>
    read((sql, parameters) => query(manager, sql, parameters)),
  );
}
