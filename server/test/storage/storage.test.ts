// What both databases promise alike: the same values in and out, and the same transactions.
import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import { type Storage, createStorage } from '../../src/storage/storage.js';
import { query } from '../../src/storage/query.js';
import { StorageUnavailable, inTransaction, onCommit } from '../../src/storage/transaction.js';
import { bothKinds, emptyDatabase, openStorage, recorder } from './open-storage.js';

// Making an embedded database takes seconds, on a busy machine many.
jest.setTimeout(120_000);

interface Thing {
  id: number;
  big: number;
  tags: string[];
  data: unknown;
  at: Date;
}

const ThingEntity = new EntitySchema<Thing>({
  name: 'thing',
  tableName: 'things',
  columns: {
    id: { type: 'integer', primary: true },
    big: { type: 'bigint' },
    tags: { type: 'text', array: true },
    data: { type: 'jsonb' },
    at: { type: 'timestamptz' },
  },
});

const things = {
  name: '0001-things',
  sql: `create table things (
    id integer primary key, big bigint not null default 0, tags text[] not null default '{}', data jsonb,
    at timestamptz(3) not null default now())`,
};

describe.each(bothKinds)('a storage (%s)', (kind) => {
  let storage: Storage;

  beforeAll(async () => {
    ({ storage } = await openStorage(kind, { entities: [ThingEntity], migrations: [things], connectionWaitMs: 1_000 }));
  });

  beforeEach(() => storage.query('truncate things'));

  const ids = async () =>
    (await storage.query<{ id: number }>('select id from things order by id')).map(({ id }) => id);

  describe('values', () => {
    const echo = async (value: unknown, type: string) => {
      const [row] = await storage.query<{ value: unknown }>(`select $1::${type} as value`, [value]);
      return row?.value;
    };

    it.each([
      ['bigint', Number.MAX_SAFE_INTEGER],
      ['bigint', -5],
      ['bigint[]', [1, null, 9_007_199_254_740_991]],
      ['bigint[]', []],
      ['text[]', ['plain', 'with "quotes"', 'back\\slash', 'com,ma', '{}', '', null, 'NULL']],
      ['text', 'zürich \u{1F600} \t\n'],
      ['boolean[]', [true, false]],
      ['double precision', 0.1],
      ['jsonb', { a: [1, 'x', null, { b: true }], ключ: '\u{1F600}' }],
      ['timestamptz', new Date('2026-01-02T03:04:05.678Z')],
      ['numeric', '123456789012345678901234567890.5'],
      ['bytea', Buffer.from([0, 1, 255])],
      ['text', null],
    ])('hands out a %s as it was given', async (type, value) => {
      expect(await echo(value, type)).toEqual(value);
    });

    it('takes an array for jsonb when it is given as JSON', async () => {
      expect(await echo(JSON.stringify([1, { a: 2 }]), 'jsonb')).toEqual([1, { a: 2 }]);
    });

    it('takes a JavaScript bigint', async () => {
      expect(await echo(12n, 'bigint')).toBe(12);
    });

    it('counts in numbers', async () => {
      expect(await storage.query('select count(*) as n from things')).toEqual([{ n: 0 }]);
    });

    it('refuses a bigint that a number cannot hold exactly, and stays usable', async () => {
      await expect(storage.query(`select 9007199254740993::bigint`)).rejects.toThrow('9007199254740993');
      expect(await echo(1, 'integer')).toBe(1);
    });

    it('passes them through entities unchanged', async () => {
      const thing = {
        id: 1,
        big: 2 ** 50,
        tags: ['a,b', '"'],
        data: [{ n: 1 }],
        at: new Date('2026-01-02T03:04:05.678Z'),
      };
      const repository = storage.dataSource.getRepository(ThingEntity);
      await repository.insert(thing);
      expect(await repository.findOneBy({ id: 1 })).toEqual(thing);
    });

    it('reads back a time that the database made exactly as it stored it', async () => {
      const [made] = await storage.query<Pick<Thing, 'at'>>('insert into things (id) values (1) returning at');
      expect(await storage.query('select id from things where at = $1', [made?.at])).toEqual([{ id: 1 }]);
    });
  });

  describe('query', () => {
    it('answers the rows of every kind of statement', async () => {
      expect(await storage.query('insert into things (id) values (1), (2) returning id')).toHaveLength(2);
      expect(await storage.query('update things set big = 7 where id = 1 returning big')).toEqual([{ big: 7 }]);
      expect(await storage.query('delete from things returning id')).toHaveLength(2);
      expect(await storage.query('delete from things')).toEqual([]);
    });

    it('passes on why a statement was refused', async () => {
      await expect(storage.query('select nonsense')).rejects.toThrow('column "nonsense" does not exist');
    });

    it('works through a transaction by its manager', async () => {
      await inTransaction(storage.dataSource, async (manager) => {
        await query(manager, 'insert into things (id) values ($1)', [1]);
        expect(await query(manager, 'select id from things')).toEqual([{ id: 1 }]);
      });
    });
  });

  describe('a transaction', () => {
    it('answers what its work answers, committed', async () => {
      const answer = await inTransaction(storage.dataSource, async (manager) => {
        await query(manager, 'insert into things (id) values (1)');
        return 'done';
      });
      expect(answer).toBe('done');
      expect(await ids()).toEqual([1]);
    });

    it('leaves nothing of what threw', async () => {
      const failing = inTransaction(storage.dataSource, async (manager) => {
        await query(manager, 'insert into things (id) values (1)');
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await ids()).toEqual([]);
    });

    it('fails when a failed statement in it was ignored, instead of being rolled back unnoticed', async () => {
      const hooks: string[] = [];
      const careless = inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, () => hooks.push('ran'));
        await query(manager, 'insert into things (id) values (1)');
        await query(manager, 'select nonsense').catch(() => undefined);
      });
      await expect(careless).rejects.toThrow('a statement in it had failed and the error was ignored');
      expect(await ids()).toEqual([]);
      expect(hooks).toEqual([]);
    });

    it('is read committed, whatever the default is', async () => {
      const level = () => inTransaction(storage.dataSource, (manager) => query(manager, 'show transaction_isolation'));
      await storage.query(`set default_transaction_isolation = 'serializable'`);
      expect(await level()).toEqual([{ transaction_isolation: 'read committed' }]);
      await storage.query(`set default_transaction_isolation = 'read committed'`);
    });

    it('fails with a clear error where all connections are in use, and later ones work', async () => {
      const stuck = inTransaction(storage.dataSource, async (manager) => {
        await query(manager, 'lock table things');
        await Promise.all(Array.from({ length: 10 }, () => storage.query('insert into things (id) values (1)')));
      });
      await expect(stuck).rejects.toThrow(StorageUnavailable);
      await expect(stuck).rejects.toThrow('a query inside a transaction went around its manager');
      expect(await storage.query('select 1 as one')).toEqual([{ one: 1 }]);
    });
  });

  describe('onCommit', () => {
    const hooks: string[] = [];
    const add = (name: string) => () => void hooks.push(name);

    beforeEach(() => void hooks.splice(0));

    it('runs its hooks once, in order, after the commit and before the caller hears of it', async () => {
      await inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, add('first'));
        await query(manager, 'insert into things (id) values (1)');
        onCommit(manager, add('second'));
        expect(hooks).toEqual([]);
      });
      expect(hooks).toEqual(['first', 'second']);
      await inTransaction(storage.dataSource, (manager) => query(manager, 'select 1'));
      expect(hooks).toEqual(['first', 'second']);
    });

    it('runs nothing after a rollback', async () => {
      const failing = inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, add('never'));
        await query(manager, 'select nonsense');
      });
      await expect(failing).rejects.toThrow('nonsense');
      await inTransaction(storage.dataSource, (manager) => query(manager, 'select 1'));
      expect(hooks).toEqual([]);
    });

    it('counts nested transactions: only what is committed in the end', async () => {
      await inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, add('outer'));
        await manager.transaction(async (nested) => {
          onCommit(nested, add('kept'));
          await nested.transaction(async (deeper) => onCommit(deeper, add('kept too')));
        });
        const undone = manager.transaction(async (nested) => {
          onCommit(nested, add('undone'));
          throw new Error('undo');
        });
        await expect(undone).rejects.toThrow('undo');
        expect(hooks).toEqual([]);
      });
      expect(hooks).toEqual(['outer', 'kept', 'kept too']);
    });

    it('runs what is added after a nested transaction that had the first hook was rolled back', async () => {
      await inTransaction(storage.dataSource, async (manager) => {
        const undone = manager.transaction(async (nested) => {
          onCommit(nested, add('undone'));
          throw new Error('undo');
        });
        await expect(undone).rejects.toThrow('undo');
        onCommit(manager, add('outer'));
      });
      expect(hooks).toEqual(['outer']);
    });

    it('drops all of them when the outer transaction is rolled back', async () => {
      const failing = inTransaction(storage.dataSource, async (manager) => {
        await manager.transaction(async (nested) => onCommit(nested, add('never')));
        throw new Error('undo');
      });
      await expect(failing).rejects.toThrow('undo');
      expect(hooks).toEqual([]);
    });

    it('keeps the transactions of two callers apart', async () => {
      const one = inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, add('committed'));
        await query(manager, 'select 1');
      });
      const other = inTransaction(storage.dataSource, async (manager) => {
        onCommit(manager, add('rolled back'));
        await query(manager, 'select nonsense');
      });
      await Promise.allSettled([one, other]);
      expect(hooks).toEqual(['committed']);
    });

    it('reports a hook that throws, and the transaction stays committed', async () => {
      const { storage: own, reports } = await openStorage(kind);
      await inTransaction(own.dataSource, async (manager) => {
        onCommit(manager, () => {
          throw new Error('broken hook');
        });
        onCommit(manager, add('next'));
        await query(manager, 'select 1');
      });
      expect(hooks).toEqual(['next']);
      expect(reports.map(({ message }) => message).join()).toContain('broken hook');
    });

    it('refuses a manager that is in no transaction', () => {
      expect(() => onCommit(storage.dataSource.manager, add('never'))).toThrow('open transaction');
    });
  });

  it('is closed once and for all, and says so to whoever comes later', async () => {
    const database = await emptyDatabase(kind);
    const { databaseUrl, dataDir } = database;
    const { logger } = recorder();
    const closed = await createStorage({ databaseUrl, dataDir, entities: [], migrations: [], logger });
    await Promise.all([closed.close(), closed.close()]);
    await expect(closed.query('select 1')).rejects.toThrow(StorageUnavailable);
    await expect(inTransaction(closed.dataSource, async () => 1)).rejects.toThrow(StorageUnavailable);
  });
});

describe("a host application's own data source", () => {
  it('runs hooks after its own transactions, with nothing prepared', async () => {
    const { databaseUrl } = await emptyDatabase('postgres');
    const host = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
    const hooks: string[] = [];
    try {
      await host.transaction(async (manager) => {
        await manager.query('create table orders (id integer)');
        onCommit(manager, () => void hooks.push('committed'));
      });
      const undone = host.transaction(async (manager) => {
        onCommit(manager, () => void hooks.push('undone'));
        await manager.query('select nonsense');
      });
      await expect(undone).rejects.toThrow('nonsense');
    } finally {
      await host.destroy();
    }
    expect(hooks).toEqual(['committed']);
  });
});
