// The schema is a file that is reviewed: server/src/storage/schema.sql, rewritten by UPDATE_SCHEMA=1.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import { migrations } from '../../src/storage/migrations.js';
import type { Storage } from '../../src/storage/storage.js';
import { dumpSchema } from './dump-schema.js';
import { bothKinds, openStorage } from './open-storage.js';

// Making an embedded database takes seconds, on a busy machine many.
jest.setTimeout(120_000);

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const file = join(source, 'storage/schema.sql');
const header =
  '-- What all migrations together make. Written by UPDATE_SCHEMA=1 and server/test/storage/schema.test.ts.\n\n';

describe('the list of migrations', () => {
  it('names every file of migrations/, once and in order', async () => {
    const files = await readdir(join(source, 'storage/migrations'));
    expect(migrations.map(({ name }) => `${name}.ts`)).toEqual(files.sort());
  });
});

describe.each(bothKinds)('the schema (%s)', (kind) => {
  let storage: Storage;
  let entities: EntitySchema[];

  beforeAll(async () => {
    entities = await allEntities();
    ({ storage } = await openStorage(kind, { migrations, entities }));
  });

  it('is the reviewed one', async () => {
    const schema = header + (await dumpSchema(storage.query));
    if (process.env.UPDATE_SCHEMA === '1' && kind === 'postgres') await writeFile(file, schema);
    expect(schema).toBe(await readFile(file, 'utf8'));
  });

  it('has every column of every entity', async () => {
    expect(entities.length).toBeGreaterThan(0);
    for (const entity of entities) expect(await storage.dataSource.getRepository(entity).find()).toEqual([]);
  });
});

/** Whatever the features export from their files of entities. */
async function allEntities(): Promise<EntitySchema[]> {
  const files = await readdir(source, { recursive: true });
  const modules: unknown[] = await Promise.all(
    files.filter((name) => name.endsWith('-entity.ts')).map((name) => import(join(source, name))),
  );
  return modules
    .flatMap((module): unknown[] => Object.values(module ?? {}))
    .filter((value) => value instanceof EntitySchema);
}
