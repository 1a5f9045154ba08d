// What is particular to a PostgreSQL server: what it must be like, and what happens when it goes away.
import { beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { freePort } from '../../../scripts/free-port.mjs';
import type { TestDatabase } from '../../../tests/support/database.js';
import { eventually } from '../../../tests/support/eventually.js';
import { query } from '../../src/storage/query.js';
import { createStorage } from '../../src/storage/storage.js';
import { StorageUnavailable, inTransaction, onCommit } from '../../src/storage/transaction.js';
import { closeAtEnd, emptyDatabase, openStorage, recorder } from './open-storage.js';

let database: TestDatabase;
let admin: pg.Client;

beforeAll(async () => {
  database = await emptyDatabase('postgres');
  admin = new pg.Client({ connectionString: database.databaseUrl });
  await admin.connect();
  closeAtEnd(() => admin.end());
});

/** Ends every other session of the database, as a restart or a fail-over does. */
async function endSessions(): Promise<void> {
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
}

function open(databaseUrl: string | undefined) {
  const { logger } = recorder();
  return createStorage({ databaseUrl, dataDir: 'unused', entities: [], migrations: [], logger });
}

describe('a session', () => {
  const settings = async (...defaults: string[]) => {
    const { databaseUrl = '' } = await emptyDatabase('postgres');
    const name = new URL(databaseUrl).pathname.slice(1);
    for (const setting of defaults) await admin.query(`alter database ${name} set ${setting}`);
    const storage = await open(databaseUrl);
    const [row] = await storage.query(
      `select current_setting('transaction_isolation') as isolation, current_setting('synchronous_commit') as commit,
         current_setting('TimeZone') as zone, current_setting('idle_in_transaction_session_timeout') as idle`,
    );
    await storage.close();
    return row;
  };

  it('is read committed, durable and in UTC, whatever the defaults of the database are', async () => {
    const defaults = [
      `default_transaction_isolation = 'serializable'`,
      `synchronous_commit = off`,
      `timezone = 'Asia/Tokyo'`,
    ];
    const forced = { isolation: 'read committed', commit: 'on', zone: 'UTC', idle: '1min' };
    expect(await settings(...defaults)).toEqual(forced);
  });

  it('keeps a stronger durability that the operator has chosen', async () => {
    expect(await settings(`synchronous_commit = 'remote_apply'`)).toMatchObject({ commit: 'remote_apply' });
  });
});

describe('a server', () => {
  it('is refused when its text is not Unicode', async () => {
    await admin.query(`create database not_unicode encoding 'SQL_ASCII' locale 'C' template template0`);
    const url = new URL(database.databaseUrl ?? '');
    url.pathname = '/not_unicode';
    await expect(open(url.href)).rejects.toThrow('its encoding is SQL_ASCII, it must be UTF8');
    await admin.query('drop database not_unicode');
  });

  it('is unavailable when nothing answers there', async () => {
    const refused = open(`postgres://nobody@127.0.0.1:${String(await freePort())}/nothing`);
    await expect(refused).rejects.toThrow(StorageUnavailable);
    await expect(refused).rejects.toThrow('ECONNREFUSED');
    await expect(open('postgres://nobody@%2Fno%2Fsuch%2Fdirectory/nothing')).rejects.toThrow(StorageUnavailable);
  });

  it('says why it does not let us in', async () => {
    const url = new URL(database.databaseUrl ?? '');
    url.pathname = '/no_such_database';
    const refused = open(url.href);
    await expect(refused).rejects.toThrow('database "no_such_database" does not exist');
    await expect(refused).rejects.not.toThrow(StorageUnavailable);
  });
});

describe('a lost connection', () => {
  it('that was idle is reported and replaced', async () => {
    const { storage, reports } = await openStorage(database, { poolSize: 3 });
    await Promise.all([1, 2, 3].map((n) => storage.query('select pg_sleep(0.05), $1::integer', [n])));
    await endSessions();
    await eventually(() => expect(reports.filter(({ level }) => level === 'warn').length).toBeGreaterThanOrEqual(3));
    expect(reports.at(-1)?.message).toBe('a database connection was lost');
    expect(await storage.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('in the middle of a statement is StorageUnavailable', async () => {
    const { storage } = await openStorage(database);
    const slow = storage.query('select pg_sleep(60)');
    await eventually(async () => {
      const { rows } = await admin.query(
        `select 1 from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`,
      );
      return rows.length > 0;
    });
    const lost = expect(slow).rejects.toThrow(StorageUnavailable);
    await endSessions();
    await lost;
    await eventually(() => storage.query('select 1'));
  });

  it('between two statements of a transaction is StorageUnavailable, and nothing was committed', async () => {
    const { storage } = await openStorage(database);
    await storage.query('create table lost (id integer)');
    const hooks: string[] = [];
    const cut = inTransaction(storage.dataSource, async (manager) => {
      onCommit(manager, () => void hooks.push('ran'));
      await query(manager, 'insert into lost values (1)');
      await endSessions();
      await eventually(() => manager.queryRunner?.isReleased === true);
      await query(manager, 'insert into lost values (2)');
    });
    await expect(cut).rejects.toThrow(StorageUnavailable);
    expect(await storage.query('select * from lost')).toEqual([]);
    expect(hooks).toEqual([]);
  });

  it('before the commit is StorageUnavailable', async () => {
    const { storage } = await openStorage(database);
    const cut = inTransaction(storage.dataSource, async (manager) => {
      await query(manager, 'select 1');
      await endSessions();
      await eventually(() => manager.queryRunner?.isReleased === true);
    });
    await expect(cut).rejects.toThrow(StorageUnavailable);
  });
});
