// `client.presence(room)` against the real server: who is there and who types, over lost connections, on every device.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { withPresence, type Presence } from '@roomcast/client/presence';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';
import { openSdkClient } from './sdk-client.js';

let database: TestDatabase;
let server: ServerProcess;
const ways: Way[] = [];
const stores: Presence[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
}, 60_000);
afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await Promise.all(ways.splice(0).map((way) => way.close()));
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** A device of a user that watches a room, and a way to the server that can be cut. */
async function device(caller: Caller, room: `conversation:${string}` | 'global', userId?: string) {
  const way = await openWay({ host: '127.0.0.1', port: server.port });
  ways.push(way);
  const { client } = openSdkClient(`http://127.0.0.1:${way.port}`, caller.credential);
  const presence = withPresence(client, userId === undefined ? {} : { userId }).presence(room);
  stores.push(presence);
  let changes = 0;
  presence.subscribe(() => changes++);
  await eventually(() => expect(presence.getSnapshot().current).toBe(true));
  const who = () => presence.getSnapshot().members?.map(({ user_id }) => user_id);
  const typists = () => presence.getSnapshot().typing.map(({ user_id }) => user_id);
  return { way, client, presence, who, typists, changes: () => changes };
}

async function conversation() {
  const { ada, bob, tenant } = teamAt(server.url);
  const { body } = await ada.post('/conversations', { participant_ids: ['bob', 'eve'] });
  const room = `conversation:${String(body.id)}` as const;
  return { ada, bob, eve: callerAt(server.url, { user: 'eve', tenant }), room };
}

describe('who is in a room', () => {
  it('is the same on every device, and what it is after a connection was lost', async () => {
    const { ada, bob, eve, room } = await conversation();
    const [one, two] = [await device(ada, room), await device(bob, room)];
    for (const { who } of [one, two]) await eventually(() => expect(who()).toEqual(['ada', 'bob']));
    two.way.cut();
    await eventually(() => expect(two.presence.getSnapshot()).toMatchObject({ current: false, count: 2 }));
    const changes = one.changes();
    const three = await device(eve, room);
    await eventually(() => expect(one.who()).toEqual(['ada', 'bob', 'eve']));
    two.way.mend();
    await eventually(() => expect(two.presence.getSnapshot().current).toBe(true));
    for (const { who } of [one, two, three]) await eventually(() => expect(who()).toEqual(['ada', 'bob', 'eve']));
    // The break was not seen: nothing changed but that Eve came.
    expect(one.changes()).toBe(changes + 1);
    three.client.close();
    for (const { who } of [one, two]) await eventually(() => expect(who()).toEqual(['ada', 'bob']));
    await two.client.command('presence.set', { status: 'away' });
    await eventually(() => expect(one.presence.getSnapshot().members?.[1]).toEqual({ user_id: 'bob', status: 'away' }));
  });

  it('is not seen any more, and not told any more, when nobody asks', async () => {
    const { ada, bob, room } = await conversation();
    const [one, two] = [await device(ada, room), await device(bob, room)];
    await eventually(() => expect(one.who()).toEqual(['ada', 'bob']));
    two.presence.close();
    await eventually(() => expect(one.who()).toEqual(['ada']));
    expect(two.presence.getSnapshot().current).toBe(false);
  });
});

describe('who types', () => {
  it('is seen by the others at once, and no longer when they stop, or send nothing for three seconds', async () => {
    const { ada, bob, room } = await conversation();
    const [one, two, phone] = [await device(ada, room), await device(bob, room), await device(bob, room, 'bob')];
    two.presence.typing();
    await eventually(() => expect(one.typists()).toEqual(['bob']));
    two.presence.stopTyping();
    await eventually(() => expect(one.typists()).toEqual([]));
    one.presence.typing();
    await eventually(() => expect(two.typists()).toEqual(['ada']));
    await eventually(() => expect(two.typists()).toEqual([]));
    expect([phone.typists(), one.typists()]).toEqual([[], []]);
  });
});
