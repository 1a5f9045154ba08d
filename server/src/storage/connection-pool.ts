/**
 * The pool of connections that TypeORM is handed, the same for both databases: values parsed the same way, each new
 * connection prepared before its first use, and a wait that is too long answered as what it is.
 */
import { types } from 'node:util';
import pg from 'pg';
import { columnParsers } from './column-parsers.js';
import { asUnavailable } from './unavailable.js';

type ConnectCallback = Parameters<pg.Pool['connect']>[0];

/** A pg pool whose failures to connect are StorageUnavailable. */
class ConnectionPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#connectOrFail();
    super.connect((error, client, done) => {
      const known = asUnavailable(error);
      callback(types.isNativeError(known) ? known : undefined, client, done);
    });
    return undefined;
  }

  async #connectOrFail(): Promise<pg.PoolClient> {
    try {
      return await super.connect();
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}

export interface PoolSettings {
  /** Where to connect. */
  readonly connection: pg.ClientConfig;
  /** Most connections at once. */
  readonly size: number;
  /** How long a statement waits for a connection, in milliseconds. */
  readonly waitMs: number;
  /** Prepares each new connection. */
  readonly prepare: (client: pg.ClientBase) => Promise<void>;
  /** How long an unused connection is kept, in milliseconds; 0 for ever. */
  readonly idleMs: number;
}

// The pool waits for what onConnect answers; the types do not say so.
type PoolConfig = Omit<pg.PoolConfig, 'onConnect'> & { readonly onConnect: PoolSettings['prepare'] };

/** The settings of a TypeORM data source that make it use such a pool. */
export interface PoolOptions {
  readonly driver: { readonly Pool: typeof pg.Pool };
  readonly extra: PoolConfig;
}

export function poolOptions({ connection, size, waitMs, idleMs, prepare }: PoolSettings): PoolOptions {
  const extra: PoolConfig = {
    ...connection,
    max: size,
    connectionTimeoutMillis: waitMs,
    idleTimeoutMillis: idleMs,
    types: columnParsers,
    application_name: 'roomcast',
    onConnect: prepare,
  };
  return { driver: { Pool: ConnectionPool }, extra };
}
