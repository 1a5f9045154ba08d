// An event that was stored in an older version is handed out in the current one, whichever way it is asked for, and
// live ones beside it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEvent, extendCatalogue, id, rooms, type Catalogue } from '@roomcast/protocol';
import { createRoomcast, type Roomcast } from '@roomcast/server';
import { z } from 'zod';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type Heard, type PlainClient } from '../support/plain-client.js';
import { testToken } from '../support/tokens.js';
import { settingsOf } from './shop.js';

const room = (data: { project_id: string }) => [rooms.project(data.project_id)];
const common = { name: 'build.timed', class: 'durable' as const, rooms: room, summary: 'How long a build took.' };

const first = extendCatalogue({
  events: [
    defineEvent({
      ...common,
      data: z.object({ project_id: id, minutes: z.number() }),
      example: { project_id: '42', minutes: 2 },
    }),
  ],
  roomKinds: [],
});

const second = extendCatalogue({
  events: [
    defineEvent({
      ...common,
      version: 2,
      data: z.object({ project_id: id, seconds: z.number() }),
      upcasts: { 1: ({ minutes, ...rest }) => ({ ...rest, seconds: Number(minutes) * 60 }) },
      example: { project_id: '42', seconds: 120 },
    }),
  ],
  roomKinds: [],
});

async function serve<C extends Catalogue>(database: TestDatabase, catalogue: C) {
  const roomcast: Roomcast<C> = await createRoomcast({ catalogue, settings: settingsOf(database) });
  const server: Server = createServer();
  await roomcast.attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    await roomcast.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { roomcast, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

describe('an event in two versions', () => {
  let database: TestDatabase;
  let served: Awaited<ReturnType<typeof serve<typeof second>>>;
  let client: PlainClient;

  beforeAll(async () => {
    database = await testDatabase();
    const old = await serve(database, first);
    for (const minutes of [1, 2]) await old.roomcast.broadcaster.emit('build.timed', { project_id: '42', minutes });
    await old.close();
    served = await serve(database, second);
    client = await connectPlainClient(served.url, { token: testToken({ user: 'ada' }) });
  }, 120_000);
  afterAll(async () => {
    client.close();
    await served.close();
    await database.drop();
  });

  const asked = (events: readonly Heard[]) => events.map(({ version, data }) => [version, data.seconds]);

  it('is read in the current one', async () => {
    const ack = await client.ask('events.read', { room: 'project:42', offset: 0 });
    expect(asked(ack.events as Heard[])).toEqual([
      [2, 60],
      [2, 120],
    ]);
    expect((ack.events as Heard[])[0]?.data).toEqual({ project_id: '42', seconds: 60 });
  });

  it('is caught up on in the current one, and followed by live ones', async () => {
    await client.subscribe('project:42', { offset: 0 });
    await served.roomcast.broadcaster.emit('build.timed', { project_id: '42', seconds: 7 });
    await eventually(() =>
      expect(asked(client.facts())).toEqual([
        [2, 60],
        [2, 120],
        [2, 7],
      ]),
    );
  });
});
