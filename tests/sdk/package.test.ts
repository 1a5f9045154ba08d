// The forms in which the client is shipped: each is loaded and does the same against a real server.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProgram } from '../support/program.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { clientFolder, completePackage, consumer, typeCheck } from './built-client.js';

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  await completePackage();
  database = await testDatabase();
  server = await startServer({ env: database.env });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Subscribes, emits, and prints what comes back. */
const program = `
const client = createClient({ url: process.env.URL, getToken: () => process.env.TOKEN });
const room = client.room('project:42');
room.on('operation.completed', ({ data }) => {
  console.log(data.result);
  client.close();
});
room.subscribe().then(() => client.emit('operation.completed', { project_id: '42', operation: 'test', result: 7 }));
`;

async function run(file: string, text: string, ...options: string[]): Promise<unknown> {
  const folder = await consumer({ [file]: text });
  const env = { URL: server.url, TOKEN: teamAt(server.url).bot.credential };
  const ran = startProgram(process.execPath, [...options, join(folder, file)], { env });
  const code = await ran.ended;
  return { code, printed: ran.printed(), noted: ran.noted() };
}

const fine = { code: 0, printed: ['7'], noted: '' };

describe('in Node', () => {
  it('the module works, and leaves the process when it is closed', async () => {
    expect(await run('use.mjs', `import { createClient } from '@roomcast/client';\n${program}`)).toEqual(fine);
  });

  it('the CommonJS module does too', async () => {
    expect(await run('use.cjs', `const { createClient } = require('@roomcast/client');\n${program}`)).toEqual(fine);
  });

  it.each([
    ['testing', 'createFakeServer', 'createFakeServer().openLink'],
    ['chat', 'withChat', "withChat({}, { userId: 'ada' }).chat"],
    ['presence', 'withPresence', 'withPresence({}).presence'],
  ])('its entry %s is there in both', async (entry, name, made) => {
    const use = `console.log(typeof ${made} === 'function' ? 7 : 0);`;
    const from = `'@roomcast/client/${entry}'`;
    expect(await run(`${entry}.mjs`, `import { ${name} } from ${from};\n${use}`)).toEqual(fine);
    expect(await run(`${entry}.cjs`, `const { ${name} } = require(${from});\n${use}`)).toEqual(fine);
  });

  it('a CommonJS project in TypeScript sees its types', async () => {
    const folder = await consumer({
      'package.json': '{ "type": "commonjs" }',
      'use.ts': `import { createClient } from '@roomcast/client';
        import { createFakeServer } from '@roomcast/client/testing';
        const client = createClient({ getToken: () => 'any', openLink: createFakeServer().openLink });
        client.room('project:42').on('project.updated', ({ data }) => data.status.length);
        // @ts-expect-error there is no such event
        client.room('project:42').on('project.update', () => {});`,
    });
    await typeCheck(folder, 'use.ts');
  }, 120_000);
});

describe('in a page', () => {
  const browser = join(clientFolder, 'dist', 'browser');

  it('the one file works with nothing but what browsers have', async () => {
    const page = `
      import { runInThisContext } from 'node:vm';
      import { readFileSync } from 'node:fs';
      globalThis.self = globalThis;
      runInThisContext(readFileSync(${JSON.stringify(join(browser, 'roomcast.global.js'))}, 'utf8'));
      const { createClient } = Roomcast;
      ${program}`;
    expect(await run('page.mjs', page, '--experimental-websocket')).toMatchObject({ code: 0, printed: ['7'] });
  });

  it.each(['roomcast.global.js', 'index.js', 'index.cjs'])(
    '%s holds no schemas and no other transport',
    async (name) => {
      const text = await readFile(join(browser, name), 'utf8');
      for (const word of ['ZodError', 'safeParse', 'XMLHttpRequest', 'WebTransport']) expect(text).not.toContain(word);
    },
  );

  it('every entry has a limit to its size', async () => {
    const manifest = JSON.parse(await readFile(join(clientFolder, 'package.json'), 'utf8')) as {
      exports: Record<string, { browser?: unknown }>;
      'size-limit': { path: string }[];
    };
    const additions = Object.keys(manifest.exports).filter(
      (entry) => entry !== '.' && manifest.exports[entry]?.browser,
    );
    const files = ['./roomcast.global', ...additions].map((entry) => `dist/browser/${entry.slice(2)}.js`);
    expect(manifest['size-limit'].map(({ path }) => path).sort()).toEqual(files.sort());
  });
});
