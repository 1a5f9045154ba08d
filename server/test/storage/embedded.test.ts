// What is particular to the embedded database: one process, one thread, and nothing acknowledged is lost when either
// is killed.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../../tests/support/eventually.js';
import { DirectoryInUse } from '../../src/storage/embedded/directory-lock.js';
import { startHousekeeping } from '../../src/storage/embedded/housekeeping.js';
import { query } from '../../src/storage/query.js';
import type { Storage } from '../../src/storage/storage.js';
import { StorageUnavailable, inTransaction } from '../../src/storage/transaction.js';
import { startChild } from './child-process.js';
import { emptyDatabase, emptyPlace, openStorage, recorder } from './open-storage.js';

// A new embedded database takes seconds, on a busy machine many.
jest.setTimeout(120_000);
const patiently = { withinMs: 60_000 };
// When to kill is random, and only the order of the draws repeats with the seed, not what the machine does meanwhile.
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const chance = random(seed);

afterAll(() => void process.stdout.write(`TEST_SEED=${String(seed)}\n`));

/** Numbers from 0 to 1 that a seed repeats: mulberry32. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function rowIds(storage: Storage): Promise<Set<number>> {
  const rows = await storage.query<{ id: number }>('select id from rows');
  return new Set(rows.map(({ id }) => id));
}

/** Writes rows one after the other until told to stop; a refused one is not tried again. */
function writeRows(storage: Storage) {
  const acknowledged: number[] = [];
  const refusals: unknown[] = [];
  let writing = true;
  const insert = (id: number) =>
    inTransaction(storage.dataSource, (manager) => query(manager, 'insert into rows values ($1)', [id]));
  const loop = async () => {
    for (let id = 1; writing; id += 1) {
      await insert(id).then(
        () => acknowledged.push(id),
        (error: unknown) => refusals.push(error),
      );
    }
  };
  const done = loop();
  const stop = async () => {
    writing = false;
    await done;
  };
  return { acknowledged, refusals, stop };
}

describe('a kill', () => {
  it('of the process in the middle of writing loses no acknowledged row', async () => {
    const database = await emptyDatabase('embedded');
    const acknowledged: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const writer = startChild('writer', database.dataDir, String(round * 100_000 + 1));
      await writer.heard(2 + Math.floor(chance() * 200));
      await writer.kill();
      acknowledged.push(...writer.lines().slice(1).map(Number));
      const { storage } = await openStorage(database);
      const kept = await rowIds(storage);
      await storage.close();
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      // In each round one more row may have been written than its writer could tell.
      expect(kept.size - acknowledged.length).toBeLessThanOrEqual(round + 1);
    }
  });

  it('of the thread in the middle of writing fails what is in flight, loses nothing and needs no help to go on', async () => {
    const { storage } = await openStorage('embedded');
    await storage.query('create table rows (id integer primary key)');
    const { acknowledged, refusals, stop } = writeRows(storage);
    for (let times = 0; times < 5; times += 1) {
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before, patiently);
      await pause(chance() * 100);
      await storage.crash?.();
    }
    const before = acknowledged.length;
    await eventually(() => acknowledged.length > before + 10, patiently);
    await stop();
    const kept = await rowIds(storage);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(kept.size - acknowledged.length).toBeLessThanOrEqual(refusals.length);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(StorageUnavailable);
  });

  it('of the thread while nothing is under way is reported, and not felt', async () => {
    const { storage, reports } = await openStorage('embedded');
    await storage.query('create table kept as select 1 as one');
    await storage.crash?.();
    await eventually(() => expect(reports.at(-1)?.message).toBe('a database connection was lost'), patiently);
    expect(await storage.query('select one from kept')).toEqual([{ one: 1 }]);
    await storage.crash?.();
    await storage.close();
    await expect(storage.query('select 1')).rejects.toThrow(StorageUnavailable);
  });

  it('of the thread leaves no open transaction to the next connection', async () => {
    const { storage } = await openStorage('embedded');
    await storage.query('create table rows (id integer)');
    const cut = inTransaction(storage.dataSource, async (manager) => {
      await query(manager, 'insert into rows values (1)');
      await storage.crash?.();
      await query(manager, 'insert into rows values (2)');
    });
    await expect(cut).rejects.toThrow(StorageUnavailable);
    expect(await rowIds(storage)).toEqual(new Set());
    await storage.query('insert into rows values (3)');
    expect(await rowIds(storage)).toEqual(new Set([3]));
  });
});

describe('a directory', () => {
  it('that another process uses is refused by name, and free once that is gone', async () => {
    const database = await emptyDatabase('embedded');
    const writer = startChild('writer', database.dataDir);
    await writer.heard(2);
    const second = openStorage(database);
    await expect(second).rejects.toThrow(DirectoryInUse);
    await expect(second).rejects.toThrow(`another roomcast (pid ${String(writer.pid)}) uses ${database.dataDir}`);
    await writer.kill();
    const { storage } = await openStorage(database);
    await storage.close();
    const { storage: again } = await openStorage(database);
    expect((await rowIds(again)).size).toBeGreaterThan(0);
  });

  it('is made where there is none, for its owner only', async () => {
    const database = await emptyPlace('embedded');
    const dataDir = `${database.dataDir}/deeper/data`;
    await openStorage({ ...database, dataDir });
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  it('that a process left unfinished when it was killed at its first start is no obstacle', async () => {
    const database = await emptyPlace('embedded');
    const writer = startChild('writer', database.dataDir);
    await eventually(() => existsSync(join(database.dataDir, 'database.new', 'base')), patiently);
    await writer.kill();
    expect(existsSync(join(database.dataDir, 'database'))).toBe(false);
    const { storage } = await openStorage(database);
    expect(await storage.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is given free again when the start fails', async () => {
    const database = await emptyDatabase('embedded');
    const migrations = [{ name: '0001-broken', sql: 'select nonsense' }];
    await expect(openStorage(database, { migrations })).rejects.toThrow('nonsense');
    await openStorage(database);
  });
});

describe('a statement', () => {
  it('that takes long does not hold up the process', async () => {
    const { storage } = await openStorage('embedded');
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 5);
    await storage.query('select count(*) from generate_series(1, 3000000)');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
  });

  it('with megabytes in and out arrives whole', async () => {
    const { storage } = await openStorage('embedded');
    const texts = Array.from({ length: 2_000 }, (_, index) => String(index).repeat(2_000));
    const rows = await storage.query<{ text: string }>('select unnest($1::text[]) as text', [texts]);
    expect(rows.map(({ text }) => text)).toEqual(texts);
  });
});

describe('housekeeping', () => {
  it('gives back dead rows and cuts the write-ahead log', async () => {
    const { storage } = await openStorage('embedded');
    const { reports, logger } = recorder();
    const housekeeping = startHousekeeping({ query: storage.query, logger });
    await storage.query('create table queue (id integer, filling text)');
    const fill = `insert into queue select n, repeat(md5(n::text), 20) from generate_series(1, 30000) n`;
    await storage.query(fill);
    await storage.query('delete from queue');
    const size = async () => {
      const [row] = await storage.query<{ rows: number; log: number }>(
        `select pg_relation_size('queue') as rows,
           (select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) from pg_control_checkpoint())::bigint as log`,
      );
      return row ?? { rows: 0, log: 0 };
    };
    const before = await size();
    expect(before.rows).toBeGreaterThan(10_000_000);
    // The database counts dead rows at most once a second.
    await eventually(async () => {
      await housekeeping.round();
      expect((await size()).rows).toBe(0);
    }, patiently);
    await housekeeping.stop();
    expect((await size()).log).toBeLessThan(before.log / 10);
    expect(reports).toEqual([]);
  });
});
