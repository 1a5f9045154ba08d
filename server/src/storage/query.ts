/**
 * Raw statements for hot paths: always the rows, whatever the statement (TypeORM's own `query` answers an
 * update … returning as a pair), on the pool or inside a transaction.
 */
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { asUnavailable } from './unavailable.js';

/** One statement, already bound to where it runs. */
export type Query = <T>(sql: string, params?: unknown[]) => Promise<T[]>;

/**
 * Runs one statement and answers its rows, typed as the caller declares them (they are not checked).
 * @param on the data source (any free connection), or the manager of a transaction
 * @throws StorageUnavailable if the database cannot be reached, QueryFailedError if it refuses the statement
 */
export async function query<T>(on: DataSource | EntityManager, sql: string, params: unknown[] = []): Promise<T[]> {
  try {
    const own = 'queryRunner' in on ? on.queryRunner : undefined;
    if (own !== undefined) return await rows<T>(own, sql, params);
    const borrowed = ('dataSource' in on ? on.dataSource : on).createQueryRunner();
    try {
      return await rows<T>(borrowed, sql, params);
    } finally {
      await borrowed.release();
    }
  } catch (error) {
    throw asUnavailable(error);
  }
}

async function rows<T>(runner: QueryRunner, sql: string, params: unknown[]): Promise<T[]> {
  const { records }: { records: T[] } = await runner.query(sql, params, true);
  return records;
}
