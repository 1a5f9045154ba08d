// The reader of the pages notices when a page is wrong.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createReader, type Reader } from './reader.js';

let reader: Reader;
beforeAll(async () => {
  reader = await createReader({ env: {}, places: [{ as: 'here', is: 'there' }], happensWithinMs: 500 });
});
afterAll(() => reader.leave());

const read = (language: string, info: string, code: string) =>
  reader.read({ kind: 'code', line: 1, language, info, code });

it('does what the page says, with the places of this machine', async () => {
  await read('sh', '', 'echo here, 1 of 2\necho more');
  await read('text', '', 'here, … of 2\nmore\n');
  await read('sh', 'in-ci', 'npm test\nnpm run test:full\n');
});

it('ends what keeps running', async () => {
  await read('sh', 'keeps-running', 'echo begun; sleep 1000');
  await read('text', '', 'begun\n');
  await reader.read({ kind: 'note', line: 1, text: 'stopped: sleep 1000' });
});

it.each([
  ['a command that fails', 'sh', '', 'false'],
  ['a command that fails before others', 'sh', '', 'false | true\necho done'],
  ['output that does not come', 'text', '', 'something else'],
  ['output in another order', 'text', '', 'more\nhere'],
  ['a file that has changed', 'js', 'examples/quickstart/publish.mjs', 'console.log(1)'],
  ['a script that does not exist', 'sh', 'in-ci', 'npm run nothing'],
  ['a language that it does not know', 'python', '', 'pass'],
])('complains about %s', async (_what, language, info, code) => {
  await expect(read(language, info, code)).rejects.toThrow();
});
