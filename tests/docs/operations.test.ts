// The operators' page, done as it says from top to bottom, with a PostgreSQL of one's own.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { freshDatabase, type FreshDatabase } from '../support/services.js';
import { partsOf } from './markdown.js';
import { createReader, type Reader } from './reader.js';

let database: FreshDatabase;
let reader: Reader;

beforeAll(async () => {
  database = await freshDatabase();
  const [port, other] = [String(await freePort()), String(await freePort())];
  reader = await createReader({
    env: { PORT: port },
    places: [
      { as: '127.0.0.1:8000', is: `127.0.0.1:${port}` },
      { as: '127.0.0.1:8001', is: `127.0.0.1:${other}` },
      { as: 'PORT=8001', is: `PORT=${other}` },
      { as: 'postgres://roomcast:secret@db.example.com/roomcast', is: database.url },
    ],
  });
});
afterAll(async () => {
  await reader.leave();
  await database.drop();
}, 30_000);

for (const part of partsOf('docs/operations.md')) {
  const title = part.kind === 'note' ? part.text : `${part.language} ${part.code.split('\n')[0] ?? ''}`;
  it(
    `line ${String(part.line)} of operations.md is true: ${title}`,
    () => expect(reader.read(part)).resolves.toBeUndefined(),
    90_000,
  );
}
