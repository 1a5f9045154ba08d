// The schema goes forward, on any number of nodes at once, and never under a program that cannot live with it.
import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SchemaTooNew, migrate } from '../../src/storage/migrate.js';
import type { Migration } from '../../src/storage/migration.js';
import type { Storage } from '../../src/storage/storage.js';
import { bothKinds, emptyDatabase, openStorage } from './open-storage.js';

// Making an embedded database takes seconds, on a busy machine many.
jest.setTimeout(120_000);

const notes: Migration = { name: '0001-notes', sql: 'create table notes (id integer primary key)' };
const titles: Migration = {
  name: '0002-titles',
  sql: [
    'alter table notes add title text',
    `insert into notes values (1, 'first'); insert into notes values (2, 'second')`,
  ],
};
const broken: Migration = { name: '0003-broken', sql: ['delete from notes', 'alter table notes add title text'] };
const dropped: Migration = { name: '0004-titles-dropped', sql: 'alter table notes drop title', breaking: true };

describe.each(bothKinds)('migrations (%s)', (kind) => {
  let storage: Storage;
  const migrateTo = (...migrations: Migration[]) => migrate(storage.dataSource, migrations);

  beforeAll(async () => {
    ({ storage } = await openStorage(kind));
  });

  beforeEach(() => storage.query('drop schema public cascade').then(() => storage.query('create schema public')));

  it('are applied once each, in order, and recorded', async () => {
    expect(await migrateTo(notes, titles)).toEqual(['0001-notes', '0002-titles']);
    expect(await migrateTo(notes, titles)).toEqual([]);
    expect(await storage.query('select * from notes order by id')).toEqual([
      { id: 1, title: 'first' },
      { id: 2, title: 'second' },
    ]);
    expect(await storage.query('select name, breaking from roomcast_migrations order by name')).toEqual([
      { name: '0001-notes', breaking: false },
      { name: '0002-titles', breaking: false },
    ]);
  });

  it('that fail leave nothing behind, and those before them stay', async () => {
    const failing = migrateTo(notes, titles, broken, dropped);
    await expect(failing).rejects.toThrow('migration 0003-broken failed and was rolled back: column "title"');
    expect(await storage.query('select count(*) as n from notes')).toEqual([{ n: 2 }]);
    expect(await migrateTo(notes, titles, dropped)).toEqual(['0004-titles-dropped']);
  });

  it('of a newer program are accepted unless one of them is breaking', async () => {
    await migrateTo(notes, titles);
    expect(await migrateTo(notes)).toEqual([]);
    await migrateTo(notes, titles, dropped);
    const older = migrateTo(notes, titles, broken);
    await expect(older).rejects.toThrow(SchemaTooNew);
    await expect(older).rejects.toThrow('changed by a newer roomcast (0004-titles-dropped)');
    expect(await migrateTo(notes, titles, dropped)).toEqual([]);
  });

  it('of one program started several times at once are applied once', async () => {
    const slow: Migration = { name: '0005-slow', sql: ['select pg_sleep(0.1)', 'create table slow (id integer)'] };
    const all = [notes, titles, dropped, slow];
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrateTo(...all)));
    expect(applied.flat().sort()).toEqual(all.map(({ name }) => name));
  });

  it('are refused when their names do not tell their order', async () => {
    const named = (name: string): Migration => ({ name, sql: 'select 1' });
    await expect(migrateTo(named('0002-b'), named('0001-a'))).rejects.toThrow('0001-a is listed after');
    await expect(migrateTo(named('0001-a'), named('0001-a'))).rejects.toThrow('listed after');
    await expect(migrateTo(named('1-a'))).rejects.toThrow("not a migration's name");
  });
});

describe('nodes', () => {
  it('that start together on an empty server all come up on one schema', async () => {
    const database = await emptyDatabase('postgres');
    const slow: Migration = { name: '0001-slow', sql: ['select pg_sleep(0.2)', notes.sql].flat() };
    const nodes = await Promise.all(
      Array.from({ length: 5 }, () => openStorage(database, { migrations: [slow, titles] })),
    );
    for (const { storage } of nodes) {
      expect(await storage.query('select count(*) as n from notes')).toEqual([{ n: 2 }]);
    }
    // Two may share the work: the lock is taken anew for each migration.
    expect(nodes.flatMap(({ storage }) => storage.migrated).sort()).toEqual([slow.name, titles.name]);
  });

  it('of an older program do not start on a breaking change, and change nothing', async () => {
    const database = await emptyDatabase('postgres');
    const { storage } = await openStorage(database, { migrations: [notes, titles, dropped] });
    const unseen: Migration = { name: '0003-unseen', sql: 'create table unseen (id integer)' };
    await expect(openStorage(database, { migrations: [notes, titles, unseen] })).rejects.toThrow(SchemaTooNew);
    expect(await storage.query(`select to_regclass('unseen') as unseen`)).toEqual([{ unseen: null }]);
  });
});
