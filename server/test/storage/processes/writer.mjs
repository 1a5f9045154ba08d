// Writes rows into the embedded database one after the other, and says each number once it has been acknowledged.
import { createStorage } from '../../../dist/storage/storage.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const [dataDir = '', first = '1'] = process.argv.slice(2);
const migrations = [{ name: '0001-rows', sql: 'create table rows (id integer primary key, filling text not null)' }];
const storage = await createStorage({ dataDir, entities: [], migrations, logger: silent });
process.stdout.write('ready\n');
for (let id = Number(first); ; id += 1) {
  await storage.query('insert into rows (id, filling) values ($1, repeat($2, $3))', [id, 'x', (id * 7919) % 5000]);
  process.stdout.write(`${id}\n`);
  if (id % 80 === 0) await storage.query('checkpoint');
}
