/**
 * Where everything durable is kept: a PostgreSQL server, or without one the embedded database in a directory. Both take
 * the same SQL, are reached through the same TypeORM data source and answer the same values; what differs is that the
 * embedded one has a single connection and belongs to a single process.
 */
import { DataSource, type EntitySchema, type Logger } from 'typeorm';
import { type EmbeddedStorage, openEmbeddedStorage } from './embedded/embedded-storage.js';
import { type Housekeeping, startHousekeeping } from './embedded/housekeeping.js';
import { migrate } from './migrate.js';
import type { Migration } from './migration.js';
import { checkServer, postgresOptions } from './postgres.js';
import { type Query, query } from './query.js';
import type { StorageLogger } from './storage-logger.js';
import { watchTransactions } from './transaction-hooks.js';
import { asUnavailable } from './unavailable.js';

export interface StorageDeps {
  /** A PostgreSQL server; without it the embedded database under `dataDir`. */
  readonly databaseUrl?: string | null;
  /** The directory of the embedded database; not touched if there is a server. */
  readonly dataDir: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly Migration[];
  readonly logger: StorageLogger;
  /** Connections to a server at most, 10 unless told. The embedded database has one. */
  readonly poolSize?: number;
  /** How long a statement waits for a connection before it fails, in milliseconds; 10,000 unless told. */
  readonly connectionWaitMs?: number;
}

export interface Storage {
  readonly kind: 'postgres' | 'embedded';
  /** The names of the migrations that opening it has applied. */
  readonly migrated: readonly string[];
  /** Connected and migrated. Transactions go through `inTransaction`. */
  readonly dataSource: DataSource;
  /** One statement on a free connection: its rows, unchecked. Throws StorageUnavailable, QueryFailedError. */
  readonly query: Query;
  /** Waits for what is under way and closes everything; harmless when repeated. */
  close(): Promise<void>;
  /**
   * Embedded only, for tests and drills: ends the database's thread as a crash would. What is in flight fails with
   * StorageUnavailable, the next statement starts the thread again, and nothing acknowledged is lost.
   */
  readonly crash?: () => Promise<void>;
}

/**
 * Opens the storage and brings its schema up to date.
 * @throws DirectoryInUse, SchemaTooNew, StorageUnavailable, or an Error that says what is wrong with the server
 */
export async function createStorage(deps: StorageDeps): Promise<Storage> {
  const embedded = deps.databaseUrl ? undefined : await openEmbeddedStorage(deps);
  const dataSource = makeDataSource(deps, embedded);
  const run: Query = (sql, params) => query(dataSource, sql, params);
  let migrated: string[];
  try {
    migrated = await connect(dataSource, deps);
  } catch (error) {
    await closer(dataSource, embedded)();
    throw asUnavailable(error);
  }
  const housekeeping = embedded && startHousekeeping({ query: run, logger: deps.logger });
  return {
    kind: embedded ? 'embedded' : 'postgres',
    migrated,
    dataSource,
    query: run,
    close: closer(dataSource, embedded, housekeeping),
    crash: embedded && (() => embedded.database.kill()),
  };
}

function makeDataSource(deps: StorageDeps, embedded: EmbeddedStorage | undefined): DataSource {
  const { databaseUrl, entities, logger, poolSize = 10, connectionWaitMs = 10_000 } = deps;
  const pool =
    embedded?.options({ connectionWaitMs }) ?? postgresOptions({ url: databaseUrl ?? '', poolSize, connectionWaitMs });
  return new DataSource({
    ...pool,
    type: 'postgres',
    entities: [...entities],
    synchronize: false,
    installExtensions: false,
    logger: forTypeorm(logger),
    // Without a listener the death of an idle connection would end the process. pg hangs the whole client on the error.
    poolErrorHandler: (error: Error) => logger.warn({ reason: error.message }, 'a database connection was lost'),
  });
}

/** @returns the names of the migrations that it has applied */
async function connect(dataSource: DataSource, { migrations, logger }: StorageDeps): Promise<string[]> {
  await dataSource.initialize();
  watchTransactions(dataSource);
  await checkServer((sql) => query(dataSource, sql));
  const applied = await migrate(dataSource, migrations);
  if (applied.length > 0) logger.info({ migrations: applied }, 'the database schema was brought up to date');
  return applied;
}

function closer(dataSource: DataSource, embedded?: EmbeddedStorage, housekeeping?: Housekeeping): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const close = async () => {
    await housekeeping?.stop();
    if (dataSource.isInitialized) await dataSource.destroy();
    await embedded?.close();
  };
  return () => (closing ??= close());
}

/** TypeORM's own warnings; statements and their parameters are never logged. */
function forTypeorm(logger: StorageLogger): Logger {
  const nothing = () => undefined;
  return {
    log: (level, message) => (level === 'warn' ? logger.warn({}, String(message)) : undefined),
    logQuery: nothing,
    logQueryError: nothing,
    logQuerySlow: nothing,
    logSchemaBuild: nothing,
    logMigration: nothing,
  };
}
