/**
 * A PostgreSQL server as the storage. What the event log's promises need from a connection is forced on each one, not
 * hoped for: READ COMMITTED, a commit that is on disk when it is acknowledged, and no transaction that holds the log's
 * locks for ever because its process was frozen.
 */
import type pg from 'pg';
import { type PoolOptions, poolOptions } from './connection-pool.js';
import type { Query } from './query.js';

// A process that was stopped in mid-transaction must not stop the others for longer than this.
const IDLE_IN_TRANSACTION = '60s';

// Stronger settings (remote_apply) stay as the operator chose them.
const SESSION = `
  set session characteristics as transaction isolation level read committed;
  set default_transaction_isolation = 'read committed';
  set time zone 'UTC';
  set idle_in_transaction_session_timeout = '${IDLE_IN_TRANSACTION}';
  select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') in ('off', 'local', 'remote_write')`;

// 13 is the oldest version that is still maintained anywhere; the tests run on 15.
const CHECK = `
  select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
    current_setting('transaction_isolation') as isolation, current_setting('synchronous_commit') as commit`;

const OLDEST_VERSION = 130_000;

export interface PostgresSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly connectionWaitMs: number;
}

/** The data source's settings for a server. */
export function postgresOptions({ url, poolSize, connectionWaitMs }: PostgresSettings): PoolOptions {
  return poolOptions({
    connection: { connectionString: url, keepAlive: true },
    size: poolSize,
    waitMs: connectionWaitMs,
    idleMs: 30_000,
    prepare,
  });
}

async function prepare(client: pg.ClientBase): Promise<void> {
  await client.query(SESSION);
}

interface ServerFacts {
  readonly version: number;
  readonly encoding: string;
  readonly isolation: string;
  readonly commit: string;
}

/**
 * Refuses a server on which the promises would not hold.
 * @throws Error that says what to change
 */
export async function checkServer(query: Query): Promise<void> {
  const [facts] = await query<ServerFacts>(CHECK);
  if (facts === undefined) throw new Error('the database server answered nothing');
  const { version, encoding, isolation, commit } = facts;
  const refuse = (reason: string) => new Error(`roomcast cannot run on this database: ${reason}`);
  if (version < OLDEST_VERSION) throw refuse('PostgreSQL 13 or newer is needed');
  if (encoding !== 'UTF8') throw refuse(`its encoding is ${encoding}, it must be UTF8`);
  if (isolation !== 'read committed') throw refuse(`sessions stay at isolation level ${isolation}`);
  if (commit !== 'on' && commit !== 'remote_apply') throw refuse(`synchronous_commit stays ${commit}`);
}
