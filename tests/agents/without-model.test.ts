// Without a model: agents say that they are offline and do what rules can do, and emotion is found by words.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { Heard, PlainClient } from '../support/plain-client.js';
import { answersOf, deltasOf } from '../support/said.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0' } });
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
  await database.drop();
});

async function session(fields: object = {}) {
  const team = teamAt(server.url);
  const { body } = await team.ada.post('/sessions', fields);
  const room = `session:${String(body.id)}`;
  const client = await team.ada.listen(room);
  clients.push(client);
  const say = (content: string, more = {}) => client.ask('message.send', { room, content, ...more });
  return { ...team, room, client, say };
}

const emotionsOf = ({ heard }: PlainClient): Heard[] => heard.filter(({ event }) => event === 'emotion.updated');

describe('an offline agent', () => {
  it.each([
    ['chat', 'What about the deployment on Friday?', /about “deployment”/],
    ['socratic', 'Why does recursion need a base case?', /What do you mean by “recursion”/],
    ['code_review', 'if (a == b) { var c = 1; }', /`var` is visible/],
  ])('of a %s session says that it is offline, and is useful', async (type, question, useful) => {
    const { client, room, say } = await session({ type, emotion: false });
    await say(question);
    await eventually(() => expect(client.heard.at(-1)).toMatchObject({ data: { is_typing: false, is_ai: true } }));
    const [answer] = answersOf(client);
    expect(answer).toMatchObject({ status: 'complete', is_ai: true, room });
    expect(answer?.content).toMatch(/^I am offline/);
    expect(answer?.content).toMatch(useful);
    expect(
      deltasOf(client)
        .map(({ data }) => data.text)
        .join(''),
    ).toBe(answer?.content);
    const typing = client.heard.filter(({ event }) => event === 'typing.updated').map(({ data }) => data.is_typing);
    expect(typing).toEqual([true, false]);
  });

  it('stands in for a persona', async () => {
    const { ada } = teamAt(server.url);
    const { body } = await ada.post('/conversations', { participant_ids: [], persona_id: 'luna' });
    const room = `conversation:${String(body.id)}`;
    const client = await ada.listen(room);
    clients.push(client);
    await client.ask('message.send', { room, content: 'Hello' });
    await eventually(() => expect(answersOf(client)).toMatchObject([{ sender_id: 'luna' }]));
  });
});

describe('the emotion of a message in a session', () => {
  it('is told to its writer on all devices, and to nobody else', async () => {
    const { client, room, ada, bob, say } = await session({ participant_ids: ['bob'] });
    const [device, other] = [await ada.listen(), await bob.listen(room)];
    clients.push(device, other);
    const { message } = await say("I don't understand recursion, ugh");
    const expected = {
      message_id: (message as { id: string }).id,
      room,
      emotion: {
        primary_emotion: expect.stringMatching(/confused|frustrated/),
        intensity: expect.any(Number),
        pad_values: { pleasure: expect.any(Number), arousal: expect.any(Number), dominance: expect.any(Number) },
        method: 'lexicon',
        confidence: expect.any(Number),
      },
    };
    for (const heard of [client, device])
      await eventually(() => expect(emotionsOf(heard)).toMatchObject([{ data: expected }]));
    await eventually(() => expect(answersOf(other)).toHaveLength(1));
    expect(emotionsOf(other)).toEqual([]);
  });

  it('is a value by room: who asks for the state has the newest', async () => {
    const { client, room, ada, say } = await session();
    await say('I am so happy!');
    await say('Now I am bored');
    await eventually(() => expect(emotionsOf(client)).toHaveLength(2));
    const device = await ada.listen();
    clients.push(device);
    const { state } = await device.subscribe('user:ada', { state: true });
    expect(state).toMatchObject([{ event: 'emotion.updated', data: { room, emotion: { primary_emotion: 'bored' } } }]);
  });

  it('is left alone where the session says so, where it is encrypted, and in conversations', async () => {
    const { client, room, ada, say } = await session();
    await say('I am so happy!', { encrypted: { key: 'k' } });
    await ada.patch(`/sessions/${room.replace('session:', '')}`, { emotion: false });
    await say('I am so sad');
    const { body } = await ada.post('/conversations', { participant_ids: [] });
    const other = `conversation:${String(body.id)}`;
    await client.subscribe(other);
    await client.ask('message.send', { room: other, content: 'I am so angry' });
    await ada.patch(`/sessions/${room.replace('session:', '')}`, { emotion: true });
    await say('I am curious');
    await eventually(() => expect(emotionsOf(client)).toHaveLength(1));
    expect(emotionsOf(client)[0]?.data).toMatchObject({ emotion: { primary_emotion: 'curious' } });
  });
});
