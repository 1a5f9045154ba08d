// The page about agents, done as it says from top to bottom, with a model that answers what it is told.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { startModelServer, type ModelServer } from '../support/model-server.js';
import { freshDatabase, type FreshDatabase } from '../support/services.js';
import { partsOf } from './markdown.js';
import { createReader, type Reader } from './reader.js';

let database: FreshDatabase;
let model: ModelServer;
let reader: Reader;

beforeAll(async () => {
  database = await freshDatabase();
  model = await startModelServer();
  const port = String(await freePort());
  const env = { PORT: port, ROOMCAST_URL: `http://127.0.0.1:${port}`, DATABASE_URL: database.url };
  const places = [
    { as: '127.0.0.1:8000', is: `127.0.0.1:${port}` },
    { as: 'http://127.0.0.1:11434/v1', is: model.url },
  ];
  reader = await createReader({ env, places });
});
afterAll(async () => {
  await reader.leave();
  await model.close();
  await database.drop();
}, 30_000);

for (const part of partsOf('docs/agents.md')) {
  const title = part.kind === 'note' ? part.text : `${part.language} ${part.code.split('\n')[0] ?? ''}`;
  it(
    `line ${String(part.line)} of agents.md is true: ${title}`,
    () => expect(reader.read(part)).resolves.toBeUndefined(),
    90_000,
  );
}

it('the model was asked by the server that the page has started', () => {
  expect(model.requests.map(({ question }) => question)).toContain('Why does recursion need a base case?');
});
