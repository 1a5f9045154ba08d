// Who types: told to a room of people, but not to the connection that types, and never an error however often it comes.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';

const EXPIRES_MS = 5_000;

let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const who = (user: string, name?: string) => callerAt(server.url, { user, ...(name && { name }) });

/** A new room of these people. @returns its name */
async function roomOf(kind: 'conversation' | 'session', owner: string, ...participant_ids: string[]): Promise<string> {
  const { body } = await who(owner).post(`/${kind}s`, { participant_ids });
  return `${kind}:${String(body.id)}`;
}

async function enter(caller: Caller, room: string): Promise<PlainClient> {
  const client = await connectPlainClient(server.url, { token: caller.credential });
  clients.push(client);
  await client.subscribe(room);
  return client;
}

const told = ({ heard }: PlainClient) =>
  heard.filter(({ event }) => event === 'typing.updated').map(({ data }) => data);
const signs = (client: PlainClient) => told(client).map(({ is_typing }) => is_typing);
const fine = { status: 'success' };

describe('who types', () => {
  it.each(['conversation' as const, 'session' as const])(
    'in a %s is told to the room and to their other devices, but not to the connection, and so is the end',
    async (kind) => {
      const room = await roomOf(kind, 'ada', 'bob');
      const ada = who('ada', 'Ada');
      const [writer, phone, reader] = [await enter(ada, room), await enter(ada, room), await enter(who('bob'), room)];
      expect(await writer.ask('typing.start', { room })).toEqual(fine);
      for (const client of [phone, reader]) {
        await eventually(() =>
          expect(told(client)).toEqual([{ room, user_id: 'ada', name: 'Ada', is_typing: true, is_ai: false }]),
        );
      }
      expect(await writer.ask('typing.stop', { room })).toEqual(fine);
      for (const client of [phone, reader]) await eventually(() => expect(signs(client)).toEqual([true, false]));
      expect(told(writer)).toEqual([]);
      expect(reader.heard.at(-1)).not.toHaveProperty('offset');
    },
  );

  it('does no longer when they leave the room, lose their connection, or say nothing for 5 s', async () => {
    const room = await roomOf('conversation', 'bob', 'carl', 'dora', 'fay');
    const reader = await enter(who('bob'), room);
    const types = async (client: PlainClient) => {
      const before = signs(reader).length;
      await client.ask('typing.start', { room });
      await eventually(() => expect(signs(reader).slice(before)).toEqual([true]));
    };
    const people = ['carl', 'dora', 'fay'].map((user) => enter(who(user), room));
    const [leaving, breaking, silent] = (await Promise.all(people)) as [PlainClient, PlainClient, PlainClient];
    await types(silent);
    const began = performance.now();
    await types(leaving);
    await leaving.ask('unsubscribe', { room });
    await eventually(() => expect(told(reader).at(-1)).toMatchObject({ user_id: 'carl', is_typing: false }));
    await types(breaking);
    breaking.socket.io.engine.close();
    await eventually(() => expect(told(reader).at(-1)).toMatchObject({ user_id: 'dora', is_typing: false }));
    await eventually(() => expect(told(reader).at(-1)).toMatchObject({ user_id: 'fay', is_typing: false }));
    expect(performance.now() - began).toBeGreaterThan(EXPIRES_MS - 100);
  });

  it('may say so as often as they like: the room is told every 2 s at most, and nothing is an error', async () => {
    const room = await roomOf('conversation', 'greta', 'bob');
    const [writer, reader] = [await enter(who('greta'), room), await enter(who('bob'), room)];
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 300 }, () => writer.ask('typing.start', { room })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['success']));
    await reader.ask('debug:rooms');
    expect(signs(reader).length).toBeLessThanOrEqual(1 + (performance.now() - began) / 2_000);
    // What is more than 20 a second counts as commands of the same user.
    const sent = Array.from({ length: 300 }, () => writer.ask('typing.start', { room }));
    const others = Array.from({ length: 10 }, () => writer.ask('debug:rooms'));
    expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set(['success']));
    const codes = (await Promise.all(others)).map(({ error }) => error?.code);
    expect(codes).toContain('rate_limited');
  });

  it('need not be in the room, if they may enter it', async () => {
    const room = await roomOf('conversation', 'hugo', 'bob');
    const [writer, reader] = [await enter(who('hugo'), 'global'), await enter(who('bob'), room)];
    expect(await writer.ask('typing.start', { room })).toEqual(fine);
    await eventually(() => expect(told(reader)).toMatchObject([{ user_id: 'hugo', is_typing: true }]));
  });

  it('is told nothing of rooms that they may not enter, and where nobody types', async () => {
    const others = await roomOf('conversation', 'ada', 'bob');
    const client = await enter(who('eve'), 'global');
    for (const command of ['typing.start', 'typing.stop']) {
      const error = async (payload: unknown) => (await client.ask(command, payload)).error;
      for (const room of [others, 'conversation:none', 'nonsense', 'user:bob', 'session:']) {
        expect(await error({ room })).toMatchObject({ code: 'not_found', retryable: false });
      }
      expect(await error({ room: 'global' })).toMatchObject({ code: 'bad_request', issues: [{ path: 'room' }] });
      expect(await error({})).toMatchObject({ code: 'bad_request', issues: [{ path: 'room' }] });
    }
  });
});
