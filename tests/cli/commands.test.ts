// The other commands, as processes, with the real server and database.
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { isReady, startServer, type ServerProcess } from '../support/server-process.js';
import { freePort } from '../../scripts/free-port.mjs';
import { roomcast, run } from './command.js';

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const json = (printed: readonly string[]) => JSON.parse(printed.join('\n')) as Record<string, unknown>;

describe('roomcast emit', () => {
  const emit = (...args: string[]) => run(['emit', ...args], { PORT: String(server.port) });
  const data = JSON.stringify({ project_id: '42', operation: 'matching', result: 1 });

  it('prints the receipt; the same id is the same event', async () => {
    const first = await emit('operation.completed', data, '--id', 'm-1');
    const again = await emit('operation.completed', data, '--id', 'm-1');
    expect([first.code, json(first.printed)]).toEqual([
      0,
      {
        id: expect.any(String),
        stream: 'tenant',
        offset: expect.any(Number),
        epoch: expect.any(String),
        duplicate: false,
      },
    ]);
    expect(json(again.printed)).toEqual({ ...json(first.printed), duplicate: true });
    const other = await emit('operation.completed', data.replace('1', '2'), '--id', 'm-1');
    expect(other).toMatchObject({ code: 1, printed: [], noted: expect.stringMatching(/\(conflict\)/) });
  });

  it('says which fields are wrong', async () => {
    const { code, noted } = await emit('operation.completed', '{"project_id": 42}');
    expect([code, noted]).toEqual([
      1,
      expect.stringMatching(/\(bad_request\)\n {2}data\.project_id: [^]*data\.operation: /),
    ]);
  });
});

describe('roomcast replay', () => {
  it('makes a new event of a stored delivery', async () => {
    const admin = callerAt(server.url, { user: 'root', roles: ['admin'] });
    await admin.post('/projects', { id: 'atlas', name: 'Atlas', repository_url: 'https://github.com/acme/atlas' });
    const answer = await fetch(`${server.url}/webhooks/github`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-github-event': 'star', 'x-github-delivery': randomUUID() },
      body: JSON.stringify({ action: 'created', repository: { html_url: 'https://github.com/acme/atlas' } }),
    });
    const { id } = (await answer.json()) as { id: string };
    const events = async () => {
      const { body } = await admin.get('/rooms/project:atlas/events');
      return (body.events as { event: string }[]).filter(({ event }) => event === 'github.received').length;
    };
    await eventually(async () => expect(await events()).toBe(1));
    const replayed = await run(['replay', id, '--url', server.url]);
    expect([replayed.code, json(replayed.printed)]).toMatchObject([0, { id, github_event: 'star', replays: 1 }]);
    await eventually(async () => expect(await events()).toBe(2));
    const unknown = await run(['replay', randomUUID(), '--url', server.url]);
    expect(unknown).toMatchObject({ code: 1, noted: expect.stringMatching(/\(not_found\)$/) });
  });
});

describe('roomcast migrate and epoch bump', () => {
  const name = () => (database.kind === 'postgres' ? 'the database of DATABASE_URL' : 'the embedded database in ');

  it('are refused on the embedded database of a running server, and reach a shared one beneath it', async () => {
    const tail = roomcast(['tail', 'global'], { PORT: String(server.port) });
    await eventually(() => expect(tail.noted()).toContain('listening'));
    const bumped = await run(['epoch', 'bump'], database.env);
    const migrated = await run(['migrate'], database.env);
    if (database.kind === 'embedded') {
      const refused = `another roomcast (pid ${String(server.pid)}) uses ${database.dataDir}`;
      expect([bumped, migrated]).toEqual(Array(2).fill({ code: 1, printed: [], noted: refused }));
    } else {
      expect(bumped.printed).toEqual([
        expect.stringMatching(/^The epoch \w+ of the database of DATABASE_URL has ended; \w+ has begun\.$/),
      ]);
      expect(migrated.printed).toEqual(['Nothing was missing: the database of DATABASE_URL is up to date.']);
      await eventually(() => expect(tail.noted()).toContain('may be missing (epoch_changed)'));
    }
    await tail.stop();
  });

  it('change what they say', async () => {
    await server.stop();
    const epochs: (string[] | undefined)[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const { code, printed } = await run(['epoch', 'bump'], database.env);
      expect([code, printed.join()]).toEqual([0, expect.stringContaining(name())]);
      epochs.push(/^The epoch (\w+) .* (\w+) has begun\.$/.exec(printed.join())?.slice(1));
    }
    expect(epochs[1]?.[0]).toBe(epochs[0]?.[1]);
    await server.start();
    const { body } = await callerAt(server.url, { user: 'root' }).get('/rooms/global/events');
    expect(body.epoch).toBe(epochs[1]?.[1]);
  }, 120_000);

  it('make what is missing', async () => {
    const empty = await testDatabase();
    const files = await readdir(new URL('../../server/src/storage/migrations', import.meta.url));
    const names = files.map((file) => file.replace('.ts', '')).sort();
    try {
      const { code, printed } = await run(['migrate'], empty.env);
      expect([code, printed.slice(0, -1)]).toEqual([0, names]);
      expect(printed.at(-1)).toContain(`${names.length} applied: ${name()}`);
    } finally {
      await empty.drop();
    }
  });
});

describe('roomcast start', () => {
  it('serves, and ends with code 0 on SIGTERM', async () => {
    const own = await testDatabase();
    const port = await freePort();
    const command = roomcast(['start'], { ...own.env, PORT: String(port) });
    await eventually(() => isReady(`http://127.0.0.1:${String(port)}`), { withinMs: 45_000 });
    await command.stop();
    expect(await command.ended).toBe(0);
    await own.drop();
  });

  it('ends with one line where its port is taken', async () => {
    const own = await testDatabase();
    const { code, noted } = await run(['start'], { ...own.env, PORT: String(server.port) });
    expect([code, noted.split('\n')]).toEqual([
      1,
      [expect.stringMatching(/^HOST and PORT cannot be used: .*EADDRINUSE/)],
    ]);
    await own.drop();
  });
});
