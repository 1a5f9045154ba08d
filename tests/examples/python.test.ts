// The examples for Python as their reader runs them, with Debian's Python and websockets.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startProgram, type Program } from '../support/program.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { pythonWithClients } from '../support/services.js';
import { testToken } from '../support/tokens.js';

let database: TestDatabase;
let server: ServerProcess;
let python: string;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
  python = await pythonWithClients();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

function example(name: string, token: string, ...args: string[]): Program {
  const file = fileURLToPath(new URL(`../../examples/python/${name}`, import.meta.url));
  return startProgram(python, [file, ...args], { env: { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: token } });
}

const token = testToken({ user: 'ada', roles: ['publisher'] });

async function publish(...args: string[]): Promise<string> {
  const program = example('publish.py', token, ...args);
  await program.ended;
  return `${program.printed().join('\n')}${program.noted()}`;
}

describe('listen.py and publish.py', () => {
  it('P4, P5: one prints what the other posts, once and in order, also after the server was killed', async () => {
    const listener = example('listen.py', token, 'project:42');
    await eventually(() => expect(listener.printed()).toEqual(['project:42: listening after offset 0']));
    expect(await publish('1', 'run-1')).toMatch(/^201 \{.*"offset": 1,.*"duplicate": false/);
    expect(await publish('2')).toContain('"offset": 2');
    await eventually(() => expect(listener.printed()).toHaveLength(3));
    await server.kill();
    await server.start();
    expect(await publish('3')).toContain('"offset": 3');
    expect(await publish('1', 'run-1')).toMatch(/^200 \{.*"offset": 1,.*"duplicate": true/);
    const events = () => listener.printed().filter((line) => !line.startsWith('project:42'));
    await eventually(() => expect(events()).toHaveLength(3));
    expect(events().map((line) => line.replace(/ \{.*"matched": (\d).*/, ' $1'))).toEqual([
      '1 operation.completed 1',
      '2 operation.completed 2',
      '3 operation.completed 3',
    ]);
    expect(listener.printed().join('\n')).not.toContain('may be missing');
    expect(listener.noted()).toBe('');
    await listener.stop();
  }, 120_000);

  it('say why they are not let in', async () => {
    const stranger = example('listen.py', 'wrong');
    expect(await stranger.ended).toBe(1);
    expect(stranger.noted()).toBe('Unauthorized\n');
    const curious = example('listen.py', token, 'user:bob');
    expect(await curious.ended).toBe(1);
    expect(curious.noted()).toMatch(/does not exist/);
    const poster = example('publish.py', testToken({ user: 'bob' }));
    expect(await poster.ended).toBe(1);
    expect(poster.noted()).toMatch(/^403 .*publisher/);
  });
});
