// The front page, done as it says from top to bottom.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { partsOf } from './markdown.js';
import { createReader, type Reader } from './reader.js';

let reader: Reader;

beforeAll(async () => {
  const port = String(await freePort());
  const env = { PORT: port, ROOMCAST_URL: `http://127.0.0.1:${port}` };
  reader = await createReader({ env, places: [{ as: '127.0.0.1:8000', is: `127.0.0.1:${port}` }] });
});
afterAll(() => reader.leave(), 30_000);

for (const part of partsOf('README.md')) {
  const title = part.kind === 'note' ? part.text : `${part.language} ${part.code.split('\n')[0] ?? ''}`;
  it(
    `line ${String(part.line)} of README.md is true: ${title}`,
    () => expect(reader.read(part)).resolves.toBeUndefined(),
    90_000,
  );
}
