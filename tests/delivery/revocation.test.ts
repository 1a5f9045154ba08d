// P8: a right that is taken away ends delivery at once, catch-up included, and what is given back stays.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { openNaiveClient } from '../support/naive-client.js';
import { connectPlainClient, refusalOf, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt } from '../support/team.js';

/** What was promised is a second; a busy machine is given some more. */
const AT_ONCE = { withinMs: 2_000 };
let database: TestDatabase;
let server: ServerProcess;
const clients: { close(): void }[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0' } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

interface Ended {
  client: PlainClient;
  reason: () => string | undefined;
}

async function connect(credential: string, namespace: '/' | '/ws' = '/'): Promise<Ended> {
  const client = await connectPlainClient(server.url, { token: credential, namespace });
  clients.push(client);
  let reason: string | undefined;
  client.socket.on('disconnect', (why) => (reason = why));
  return { client, reason: () => reason };
}

const codeOf = async (credential: string) => (await refusalOf(server.url, { token: credential })).data;

/** What a client was told of rooms that were taken from it. */
const taken = (client: PlainClient) =>
  client.heard.filter(({ event }) => event === 'room.revoked').map(({ data }) => data);
const allOf = (user: string, reason: string) => [`user:${user}`, 'project:42'].map((room) => ({ room, reason }));

describe('P8: a user who is switched off', () => {
  it('is thrown out of every connection at once, told not to return, and refused at every door', async () => {
    const { ada, bob, bot, boss } = teamAt(server.url);
    const [one, two, other] = [
      await connect(ada.credential),
      await connect(ada.credential, '/ws'),
      await connect(bob.credential),
    ];
    for (const { client } of [one, two, other]) await client.subscribe('project:42');
    expect((await boss.patch('/users/ada', { active: false })).status).toBe(200);
    for (const { reason } of [one, two]) await eventually(() => expect(reason()).toBe('io server disconnect'), AT_ONCE);
    for (const { client } of [one, two]) expect(taken(client)).toEqual(allOf('ada', 'deactivated'));
    expect(taken(other.client)).toEqual([]);
    expect(await codeOf(ada.credential)).toMatchObject({ code: 'unauthorized', retryable: false });
    expect((await ada.get('/projects')).body.code).toBe('unauthorized');
    await bot.post('/events', projectFact('42', 1));
    await eventually(() => expect(other.client.facts()).toHaveLength(1));
    expect([...one.client.facts(), ...two.client.facts()]).toEqual([]);
  });

  it('and on again is let in again, and stays, and misses nothing of the time between', async () => {
    const { ada, bot, boss } = teamAt(server.url);
    const { client } = await connect(ada.credential);
    const { offset, epoch, last_id } = await client.subscribe('project:42');
    for (const active of [false, true, false, true]) await boss.patch('/users/ada', { active });
    await bot.post('/events', projectFact('42', 1));
    const again = await connect(ada.credential);
    const ack = await again.client.subscribe('project:42', { offset, epoch, last_id });
    expect([ack.recovered, again.client.facts().length]).toEqual([true, 1]);
    await bot.post('/events', projectFact('42', 2));
    await eventually(() => expect(again.client.facts()).toHaveLength(2));
    expect(again.reason()).toBeUndefined();
  });

  it('gets nothing that was emitted after the answer, however much is on its way', async () => {
    const { ada, bob, bot, boss } = teamAt(server.url);
    const [off, on] = [await connect(ada.credential), await connect(bob.credential)];
    for (const { client } of [off, on]) await client.subscribe('project:42');
    const events = (first: number) => ({ events: Array.from({ length: 200 }, (_, n) => projectFact('42', first + n)) });
    const flood = bot.post('/events', events(1));
    await boss.patch('/users/ada', { active: false });
    await flood;
    await eventually(() => expect(off.reason()).toBeDefined(), AT_ONCE);
    const { length } = off.client.facts();
    await bot.post('/events', events(201));
    await eventually(() => expect(on.client.facts()).toHaveLength(400));
    expect(off.client.facts()).toHaveLength(length);
  });

  it('in the middle of a catch-up is given no more of it', async () => {
    const { ada, bot, boss } = teamAt(server.url);
    const text = 'x'.repeat(4_000);
    for (let part = 0; part < 4; part++) {
      const event = { event: 'operation.failed', data: { project_id: '42', operation: 'o', error: text } };
      expect((await bot.post('/events', { events: Array(500).fill(event) })).status).toBe(200);
    }
    const { client, reason } = await connect(ada.credential);
    let answered: boolean | undefined;
    client.socket.emit('subscribe', { room: 'project:42', offset: 0 }, () => (answered = true));
    await eventually(() => client.facts().length > 0, { everyMs: 1 });
    await boss.patch('/users/ada', { active: false });
    await eventually(() => expect(reason()).toBe('io server disconnect'), AT_ONCE);
    if (answered) expect(client.facts()).toHaveLength(2_000);
  });
});

describe('P8: an API key that is revoked', () => {
  it('ends its connections at once and is refused at every door; the other keys go on', async () => {
    const { boss } = teamAt(server.url);
    const made = async (name: string) => (await boss.post('/api-keys', { name, roles: ['publisher'] })).body;
    const [gone, kept] = [await made('gone'), await made('kept')];
    const [one, two] = [await connect(String(gone.key)), await connect(String(kept.key))];
    for (const { client } of [one, two]) await client.subscribe('project:42');
    expect((await boss.delete(`/api-keys/${String(gone.id)}`)).status).toBe(204);
    await eventually(() => expect(one.reason()).toBe('io server disconnect'), AT_ONCE);
    expect(taken(one.client)).toEqual(allOf(String(gone.id), 'key revoked'));
    expect(taken(two.client)).toEqual([]);
    expect(await codeOf(String(gone.key))).toMatchObject({ code: 'unauthorized' });
    expect((await two.client.ask('events.emit', projectFact('42', 1))).status).toBe('success');
    await eventually(() => expect(two.client.facts()).toHaveLength(1));
    expect(one.client.facts()).toEqual([]);
  });
});

describe('P8: a project that is deleted', () => {
  const events = (count: number) => ({ events: Array.from({ length: count }, (_, n) => projectFact('42', n)) });
  const endOf = (client: PlainClient) => client.names().slice(-2);

  async function projectOf(ada: Caller, bot: Caller): Promise<void> {
    expect((await ada.post('/projects', { id: '42', name: 'Atlas' })).status).toBe(201);
    await bot.post('/events', events(20));
  }

  it('is told to its room, then the room is revoked, then nothing of it comes, also on coming back', async () => {
    const { ada, bob, bot } = teamAt(server.url);
    await projectOf(ada, bot);
    const { client } = await connect(bob.credential);
    const { offset, epoch, last_id } = await client.subscribe('project:42');
    const flood = bot.post('/events', events(100));
    expect((await ada.delete('/projects/42')).status).toBe(204);
    await flood;
    await eventually(() => expect(endOf(client)).toEqual(['project.deleted', 'room.revoked']));
    expect(client.heard.at(-1)?.data).toMatchObject({ room: 'project:42' });
    const { length } = client.heard;
    await bot.post('/events', events(20));
    expect(await client.ask('debug:rooms')).toMatchObject({ rooms: [{ room: 'user:bob' }] });
    expect(client.heard).toHaveLength(length);
    const asks = [
      client.ask('subscribe', { room: 'project:42' }),
      client.ask('subscribe', { room: 'project:42', offset, epoch, last_id }),
      client.ask('events.read', { room: 'project:42', offset: 0 }),
    ];
    for (const { error } of await Promise.all(asks)) expect(error).toMatchObject({ code: 'not_found' });
    expect((await bob.get('/rooms/project:42/events')).body.code).toBe('not_found');
    // Who comes back to it hears so again.
    expect(client.names().slice(length - 1)).toEqual(['room.revoked']);
  });

  it('leaves those who are in several of its rooms in the others', async () => {
    const { ada, bob, bot } = teamAt(server.url);
    await projectOf(ada, bot);
    const client = openNaiveClient(server.url, { token: bob.credential, rooms: ['project:42', 'global', 'project:7'] });
    clients.push(client);
    await eventually(() => client.settled);
    await ada.delete('/projects/42');
    await eventually(() => expect(client.told.map(({ event }) => event)).toContain('room.revoked'));
    await bot.post('/events', projectFact('42', 1));
    await bot.post('/events', projectFact('7', 2));
    await ada.post('/projects', { id: '43', name: 'Globe' });
    await eventually(() =>
      expect(client.got.map(({ event }) => event)).toEqual([
        'project.deleted',
        'operation.completed',
        'project.created',
      ]),
    );
  });

  it('in the middle of a catch-up ends it', async () => {
    const { ada, bob, bot } = teamAt(server.url);
    await projectOf(ada, bot);
    for (let part = 0; part < 3; part++) await bot.post('/events', events(500));
    const { client } = await connect(bob.credential);
    const asked = client.ask('subscribe', { room: 'project:42', offset: 0 });
    await ada.delete('/projects/42');
    const ack = await asked;
    if (ack.status === 'success')
      await eventually(() => expect(endOf(client)).toEqual(['project.deleted', 'room.revoked']));
    else expect(ack.error).toMatchObject({ code: 'not_found' });
    const { length } = client.heard;
    await bot.post('/events', events(20));
    await client.ask('debug:rooms');
    expect(client.heard).toHaveLength(length);
  });
});
