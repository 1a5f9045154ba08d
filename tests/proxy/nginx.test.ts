// Everything through the real nginx, with the configuration that the repository gives for it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeNativeClients, connectNativeClient } from '../support/native-client.js';
import { startNginx, type Nginx } from '../support/nginx.js';
import { connectPlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { closeSseClients, connectSse } from '../support/sse-client.js';
import { projectFact } from '../support/team.js';

/** For which nginx lets a connection be silent, and the rhythm of the server that has to be quicker. */
const SILENCE_MS = 2_000;
const rhythm = { PING_INTERVAL_MS: '500', PING_TIMEOUT_MS: '1000' };

let database: TestDatabase;
let server: ServerProcess;
let nginx: Nginx;
let ada: Caller;
let bot: Caller;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({
    env: { ...database.env, ...rhythm, TRUST_PROXY: '1', CORS_ORIGINS: 'https://other.example' },
  });
  nginx = await startNginx(server.port, `${String(SILENCE_MS / 1_000)}s`);
  ada = callerAt(nginx.url, { user: 'ada' });
  bot = callerAt(nginx.url, { user: 'bot', roles: ['publisher'] });
});
afterEach(() => {
  closeSseClients();
  closeNativeClients();
});
afterAll(async () => {
  await nginx.stop();
  await server.stop();
  await database.drop();
});

const post = async (number: number) => expect((await bot.post('/events', projectFact('42', number))).status).toBe(201);
const numbers = (facts: { data: Record<string, unknown> }[]) => facts.map(({ data }) => data.result);

describe('through nginx', () => {
  it('server-sent events come one by one as they happen, also after a silence, and go on where they were', async () => {
    const options = { rooms: ['project:42'], token: ada.credential };
    const stream = await connectSse(nginx.url, options);
    for (const number of [1, 2]) {
      await post(number);
      await eventually(() => expect(numbers(stream.facts())).toContain(number));
    }
    await pause(1.5 * SILENCE_MS);
    await post(3);
    await eventually(() => expect(numbers(stream.facts())).toEqual([1, 2, 3]));
    stream.close();
    await post(4);
    const again = await connectSse(nginx.url, { ...options, lastEventId: stream.lastEventId });
    await eventually(() => expect(numbers(again.facts())).toEqual([4]));
  });

  it('a reader that is gone is gone for the server', async () => {
    const stream = await connectSse(nginx.url, { rooms: ['global'], token: ada.credential });
    const connections = async () => (await ada.get('/stats')).body.connections;
    await eventually(async () => expect(await connections()).toBe(1));
    stream.close();
    await eventually(async () => expect(await connections()).toBe(0));
  });

  it('native WebSockets live through a silence, from the server’s own pages', async () => {
    const client = await connectNativeClient(nginx.url, { token: ada.credential, headers: { origin: nginx.url } });
    await client.subscribe('project:43');
    await pause(1.5 * SILENCE_MS);
    await bot.post('/events', projectFact('43', 1));
    await eventually(() => expect(client.facts()).toHaveLength(1));
  });

  it.each(['upgrade', 'polling'] as const)('Socket.IO works by %s', async (transport) => {
    const client = await connectPlainClient(nginx.url, { token: ada.credential, transport });
    await client.subscribe('project:44');
    await bot.post('/events', projectFact('44', 1));
    await eventually(() => expect(client.facts()).not.toEqual([]));
    client.close();
  });
});
