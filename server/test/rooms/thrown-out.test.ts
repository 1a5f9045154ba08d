// P8: who is thrown out and reads nothing keeps no connection, on the whole platform in this process.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../tests/support/database.js';
import { eventually } from '../../../tests/support/eventually.js';
import { connectRaw } from '../../../tests/support/raw-socketio.js';
import { openRawWebSocket } from '../../../tests/support/raw-websocket.js';
import { testSecret, testToken } from '../../../tests/support/tokens.js';
import { createRoomcast, type Roomcast } from '../../src/roomcast.js';

let database: TestDatabase;
let platform: Roomcast;
let server: Server;
let url: string;

beforeAll(async () => {
  database = await testDatabase();
  platform = await createRoomcast({ settings: { ...database.env, JWT_SECRET: testSecret, LOG_LEVEL: 'silent' } });
  server = createServer();
  await platform.attach(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  await platform.stop();
  server.close();
  await database.drop();
});

const connections = () => promisify(server.getConnections.bind(server))();

const doors = {
  'Socket.IO': async (token: string) => (await connectRaw(url, token)).wire,
  async 'native WebSocket'(token: string) {
    const wire = await openRawWebSocket(url, `/ws?token=${token}`);
    await eventually(() => wire.received.length > 0);
    return wire;
  },
};

it.each(Object.entries(doors))('by %s', async (_door, connect) => {
  const wire = await connect(testToken({ user: 'ada' }));
  wire.pause();
  expect(await connections()).toBe(1);
  await platform.kick({ tenant: 'default', user: 'ada', reason: 'test' });
  await eventually(async () => expect(await connections()).toBe(0), { withinMs: 5_000 });
  wire.destroy();
});
