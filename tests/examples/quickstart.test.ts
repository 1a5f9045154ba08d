// The quick start as its reader runs it: plain programs beside a real server.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../scripts/free-port.mjs';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startProgram, type Program } from '../support/program.js';
import { isReady, startServer, type ServerProcess } from '../support/server-process.js';
import { testSecret, testToken } from '../support/tokens.js';

const token = testToken({ user: 'ada', roles: ['publisher'] });

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

function example(name: string, args: string[], env: Record<string, string>): Program {
  const file = fileURLToPath(new URL(`../../examples/quickstart/${name}`, import.meta.url));
  return startProgram(process.execPath, [file, ...args], { env });
}

describe('listen.mjs and publish.mjs', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer({ env: database.env });
  }, 60_000);
  afterAll(() => server.stop());

  const start = (name: string, ...args: string[]) =>
    example(name, args, { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: token });

  async function publish(...args: string[]): Promise<string> {
    const program = start('publish.mjs', ...args);
    await eventually(() => program.ended);
    return `${program.printed().join('\n')}${program.noted()}`;
  }

  it('P4, P5: one prints what the other posts, once and in order, also after the server was killed', async () => {
    const listener = start('listen.mjs', 'project:42');
    await eventually(() => expect(listener.printed()).toEqual(['project:42: listening after offset 0']));
    expect(await publish('1', 'run-1')).toMatch(/^201 \{[^]*offset: 1,[^]*duplicate: false/);
    expect(await publish('2')).toContain('offset: 2');
    await eventually(() => expect(listener.printed()).toHaveLength(3));
    await server.kill();
    await server.start();
    expect(await publish('3')).toContain('offset: 3');
    expect(await publish('1', 'run-1')).toMatch(/^200 \{[^]*offset: 1,[^]*duplicate: true/);
    const events = () => listener.printed().filter((line) => !line.startsWith('project:42'));
    await eventually(() => expect(events()).toHaveLength(3));
    expect(events()).toEqual(
      [1, 2, 3].map((matched) => {
        const data = { project_id: '42', operation: 'matching', result: { matched } };
        return `${String(matched)} operation.completed ${JSON.stringify(data)}`;
      }),
    );
    expect(listener.printed().join('\n')).not.toContain('may be missing');
    await listener.stop();
  }, 120_000);

  it('says why it is not let in', async () => {
    const stranger = example('listen.mjs', [], { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: 'wrong' });
    await eventually(() => expect(stranger.noted()).toMatch(/token/));
    await stranger.stop();
  });
});

describe('embed.mjs', () => {
  it('P1: tells of a task if and only if it was made', async () => {
    const port = String(await freePort());
    const url = `http://127.0.0.1:${port}`;
    const app = example('embed.mjs', [], { ...database.env, PORT: port, JWT_SECRET: testSecret });
    await eventually(() => isReady(url), { withinMs: 45_000 });
    const listener = example('listen.mjs', ['project:42'], { ROOMCAST_URL: url, ROOMCAST_TOKEN: token });
    await eventually(() => expect(listener.printed()).toHaveLength(1));
    const make = async (id: string) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ id, title: 'Write it down' });
      return (await fetch(`${url}/tasks`, { method: 'POST', headers, body })).status;
    };
    expect([await make('one'), await make('one'), await make('two')]).toEqual([201, 500, 201]);
    await eventually(() => expect(listener.printed()).toHaveLength(3));
    expect(listener.printed().slice(1)).toEqual([
      expect.stringContaining('"operation":"task","result":{"id":"one","title":"Write it down"}'),
      expect.stringContaining('"id":"two"'),
    ]);
    await listener.stop();
    expect(await app.stop('SIGINT')).toBe(0);
  }, 90_000);
});
