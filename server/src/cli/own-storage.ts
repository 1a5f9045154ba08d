// The database that the settings name, opened by a command itself. The embedded one belongs to one process, so such a
// command is told to wait until the server is stopped.
import { parseConfig } from '../config.js';
import { createLogger } from '../ops/logger.js';
import { migrations } from '../storage/migrations.js';
import { createStorage, type Storage } from '../storage/storage.js';
import type { CommandContext } from './command.js';

/**
 * Opens the storage, brings its schema up to date, and closes it when the work is done.
 * @throws DirectoryInUse, SchemaTooNew, StorageUnavailable, ConfigError, and what `work` throws
 */
export async function withStorage<Result>(
  env: CommandContext['env'],
  work: (storage: Storage) => Promise<Result> | Result,
): Promise<Result> {
  const { databaseUrl, dataDir } = parseConfig(env);
  const logger = createLogger('silent');
  const storage = await createStorage({ databaseUrl, dataDir, entities: [], migrations, logger });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** Which database that is, for whoever reads what a command has done. */
export function nameOf({ kind }: Storage, env: CommandContext['env']): string {
  return kind === 'postgres' ? 'the database of DATABASE_URL' : `the embedded database in ${parseConfig(env).dataDir}`;
}
