/**
 * Brings the schema forward, never back. Each migration is one transaction under one advisory lock, so nodes that start
 * together run each of them once, and one that fails leaves no trace. A database that was migrated by a newer program
 * is accepted unless one of the migrations unknown here is marked breaking.
 */
import type { DataSource, EntityManager } from 'typeorm';
import type { Migration } from './migration.js';
import { query } from './query.js';
import { inTransaction } from './transaction.js';

export type { Migration } from './migration.js';

/** The database was changed by a newer program in a way that this one cannot live with. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

const NAME = /^\d{4}-[a-z0-9]+(-[a-z0-9]+)*$/;

// Any number that no other program takes in the same database: the bytes of "roomcast".
const LOCK = '8245931987826405236';

const TABLE = `create table if not exists roomcast_migrations (
  name text primary key,
  breaking boolean not null,
  applied_at timestamptz(3) not null default now()
)`;

/**
 * Applies what is missing, in order.
 * @returns the names of the migrations that this call applied
 * @throws SchemaTooNew if a newer program made a breaking change; StorageUnavailable; else the failed migration's error
 */
export async function migrate(dataSource: DataSource, migrations: readonly Migration[]): Promise<string[]> {
  checkNames(migrations);
  await inTransaction(dataSource, (manager) => prepare(manager, migrations));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (await inTransaction(dataSource, (manager) => apply(manager, migration))) applied.push(migration.name);
  }
  return applied;
}

function checkNames(migrations: readonly Migration[]): void {
  migrations.forEach(({ name }, index) => {
    if (!NAME.test(name)) throw new Error(`"${name}" is not a migration's name: four digits and words, 0001-events`);
    const before = migrations[index - 1];
    if (before !== undefined && before.name >= name)
      throw new Error(`migration ${name} is listed after ${before.name}`);
  });
}

async function prepare(manager: EntityManager, migrations: readonly Migration[]): Promise<void> {
  await lock(manager);
  await query(manager, TABLE);
  const known = migrations.map(({ name }) => name);
  const newer = await query<{ name: string }>(
    manager,
    'select name from roomcast_migrations where breaking and name <> all($1::text[]) order by name',
    [known],
  );
  if (newer.length === 0) return;
  const names = newer.map(({ name }) => name).join(', ');
  throw new SchemaTooNew(
    `the database was changed by a newer roomcast (${names}) and this one, which knows the schema up to ` +
      `${known.at(-1) ?? 'nothing'}, cannot run on it: start the newer version`,
  );
}

/** Answers whether it was applied by this call. The lock is taken anew, so another node may have been first. */
async function apply(manager: EntityManager, { name, sql, breaking = false }: Migration): Promise<boolean> {
  await lock(manager);
  const done = await query(manager, 'select 1 from roomcast_migrations where name = $1', [name]);
  if (done.length > 0) return false;
  for (const script of typeof sql === 'string' ? [sql] : sql) await run(manager, name, script);
  await query(manager, 'insert into roomcast_migrations (name, breaking) values ($1, $2)', [name, breaking]);
  return true;
}

async function run(manager: EntityManager, name: string, script: string): Promise<void> {
  try {
    // Without parameters: the simple protocol, which takes several statements at once.
    await manager.query(script);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`migration ${name} failed and was rolled back: ${reason}`, { cause: error });
  }
}

async function lock(manager: EntityManager): Promise<void> {
  await query(manager, 'select pg_advisory_xact_lock($1::bigint)', [LOCK]);
}
