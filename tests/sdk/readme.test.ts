// The README of the client, run from top to bottom as one program against a real server, and checked by the compiler.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transform } from 'esbuild';
import { startProgram } from '../support/program.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { clientFolder, completePackage, consumer, typeCheck } from './built-client.js';

const SNIPPET = /(<!-- not run: .+ -->\n+)?^```ts\n([^]*?)^```$/gm;

/** What the page takes for granted: an application around the client. */
const application = `
const url = 'http://127.0.0.1:8000';
const show = (line: string): void => console.log(line);
const fetchToken = (_purpose: string): string => process.env.TOKEN ?? '';
const call = async (path: string, method = 'GET', body?: object): Promise<any> => {
  const headers = { authorization: \`Bearer \${fetchToken('connect')}\`, 'content-type': 'application/json' };
  const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
  const response = await fetch(\`\${url}/api/v1\${path}\`, init);
  return response.status === 204 ? null : response.json();
};
type Place = { offset: number; epoch: string };
const fetchProject = (id: string): Promise<{ name: string; status: string; position: Place }> => call(\`/projects/\${id}\`);
const created: { position: Place } = await call('/projects', 'POST', { id: '42', name: 'Atlas' }).then(() => fetchProject('42'));
await call('/projects/42', 'PATCH', { status: 'under way' });
const newConversation = async (): Promise<string> => (await call('/conversations', 'POST', { participant_ids: [] })).id;
const startOf = async (_id: string): Promise<Place> => created.position;
const work = async (data: { operation: string }): Promise<void> => show(\`worked on \${data.operation}\`);
const loadPositions = async (): Promise<Record<string, Place>> => ({});
let stored: Record<string, Place> = {};
const storePositions = async (positions: Record<string, Place>): Promise<void> => void (stored = positions);
const until = async (check: () => boolean): Promise<void> => {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 10));
};
`;

/** What happens when the page is over. */
const end = `
await worker.room('project:42').subscribe();
await client.emit('operation.completed', { project_id: '42', operation: 'reading', result: 1 });
await until(() => stored['project:42'] !== undefined);
worker.close();
await until(() => thread.getSnapshot().messages.some(({ reactions }) => reactions.length === 1));
stop();
await until(() => here.getSnapshot().members?.[0]?.status === 'away');
unwatch();
typed.close();
talking.close();
await call('/projects/42', 'DELETE');
await until(() => project.position === null);
client.close();
off();
`;

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

function program(): string {
  const page = readFileSync(join(clientFolder, 'README.md'), 'utf8');
  const snippets = [...page.matchAll(SNIPPET)].flatMap(([, notRun, code = '']) => (notRun ? [] : [code]));
  expect(snippets.length).toBeGreaterThan(10);
  return [application, ...snippets, end].join('\n').replaceAll('http://127.0.0.1:8000', server.url);
}

describe('the README of the client', () => {
  it('does what it says', async () => {
    const { code } = await transform(program(), { loader: 'ts', format: 'esm', target: 'es2022' });
    const folder = await consumer({ 'readme.mjs': code });
    const token = teamAt(server.url).bot.credential;
    const ran = startProgram(process.execPath, [join(folder, 'readme.mjs')], { env: { TOKEN: token } });
    const exit = await ran.ended;
    expect([exit, ran.noted()]).toEqual([0, '']);
    expect(ran.printed()).toEqual(
      expect.arrayContaining([
        'Atlas is under way',
        expect.stringMatching(/^\d+: project.updated$/),
        expect.stringMatching(/^at \d+ in tenant$/),
        'worked on reading',
        'Hello: sending',
        'Hello: told',
        expect.stringMatching(/^left: /),
        '1 here: bot',
        'bot is away, somebody is offline',
      ]),
    );
  });

  it('compiles', async () => {
    const folder = await consumer({
      'package.json': '{ "type": "module" }',
      'readme.ts': program(),
    });
    await typeCheck(folder, 'readme.ts');
  }, 120_000);
});
