/**
 * The embedded database as the storage: the directory locked, the thread started, one connection, and the housekeeping
 * that PostgreSQL's background processes would do.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { type PoolOptions, poolOptions } from '../connection-pool.js';
import { lockDirectory } from './directory-lock.js';
import { type EmbeddedDatabase, createEmbeddedDatabase } from './embedded-database.js';

export interface EmbeddedStorage {
  readonly database: EmbeddedDatabase;
  /** The data source's settings for it. */
  options(settings: { connectionWaitMs: number }): PoolOptions;
  /** Closes the files in good order and gives the directory free. The data source is closed before. */
  close(): Promise<void>;
}

/**
 * Opens the database files under a directory, making both if they are not there.
 * @throws DirectoryInUse if another process has them open
 */
export async function openEmbeddedStorage({ dataDir }: { dataDir: string }): Promise<EmbeddedStorage> {
  // PGlite's files are readable for everybody, so the directory around them must not be.
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(dataDir);
  const database = createEmbeddedDatabase({ directory: join(dataDir, 'database') });
  const storage: EmbeddedStorage = {
    database,
    options: ({ connectionWaitMs }) =>
      poolOptions({
        connection: { stream: () => database.openSocket(), ...IDENTITY },
        size: 1,
        waitMs: connectionWaitMs,
        idleMs: 0,
        prepare,
      }),
    async close() {
      await database.close();
      await lock.release();
    },
  };
  try {
    await database.start();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return storage;
}

// Given in full, so that nothing is taken from PGHOST, PGUSER or a password file.
const IDENTITY = { host: 'embedded', port: 0, user: 'postgres', password: '', database: 'postgres', ssl: false };

/** The session is one for the thread's whole life: what the connection before left open or set is not inherited. */
async function prepare(client: pg.ClientBase): Promise<void> {
  await client.query('rollback');
  await client.query('discard all');
}
