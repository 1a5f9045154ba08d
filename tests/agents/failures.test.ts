// An endpoint that refuses, fails, is silent or breaks off, and people who are not there: never silence.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { modelSettings, startModelServer, type ModelRequest, type ModelServer } from '../support/model-server.js';
import type { PlainClient } from '../support/plain-client.js';
import { answersOf, deltasOf } from '../support/said.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let model: ModelServer;
let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  model = await startModelServer();
  database = await testDatabase();
  const env = { ...database.env, ...modelSettings(model), AI_TIMEOUT_SECONDS: '3' };
  server = await startServer({ env });
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
  await model.close();
  await database.drop();
});

async function session() {
  const team = teamAt(server.url);
  const { body } = await team.ada.post('/sessions', { emotion: false });
  const id = String(body.id);
  const room = `session:${id}`;
  const client = await team.ada.listen(room);
  clients.push(client);
  const ask = (content = 'Why?') => client.ask('message.send', { room, content });
  return { ...team, id, room, client, ask };
}

describe('an endpoint that', () => {
  it.each<[string, (request: ModelRequest) => void, string, RegExp]>([
    ['is rate limited', (request) => request.refuse(429, { 'retry-after': '30' }), '', /too much to do.*30 seconds/],
    ['refuses the key', (request) => request.refuse(401), '', /does not accept the key/],
    ['fails', (request) => request.refuse(500), '', /has failed/],
    ['says nothing', () => {}, '', /said nothing for 3 seconds/],
    ['stops in the middle', (request) => request.say('Half'), 'Half', /said nothing for 3 seconds/],
    ['closes the connection', (request) => request.drop(), '', /cannot be reached/],
    [
      'breaks off in the middle',
      (request) => {
        request.say('Half');
        setTimeout(() => request.drop(), 100);
      },
      'Half',
      /broke off/,
    ],
    [
      'ends without an end',
      (request) => {
        request.say('Half');
        request.end();
      },
      'Half',
      /broke off/,
    ],
    ['says nothing at length', (request) => request.finish(), '', /gave no answer/],
  ])('%s becomes a visible message', async (_what, onRequest, before, sentence) => {
    const { client, ask } = await session();
    model.onRequest = onRequest;
    await ask();
    await eventually(() => expect(answersOf(client)).toHaveLength(1));
    const [message] = answersOf(client);
    expect(message).toMatchObject({ status: 'failed', role: 'agent', content: expect.stringMatching(sentence) });
    expect(String(message?.content).startsWith(before)).toBe(true);
    expect(message?.content).not.toMatch(/not to be shown|sk-of|127\.0\.0\.1/);
    expect(
      deltasOf(client)
        .map(({ data }) => data.text)
        .join(''),
    ).toBe(before);
    await eventually(() => expect(client.heard.at(-1)).toMatchObject({ data: { is_typing: false } }));
    expect(model.open()).toEqual([]);
  });

  it('has failed once is asked again with the next question', async () => {
    const { client, ask } = await session();
    model.onRequest = (request) => request.refuse(500);
    await ask();
    await eventually(() => expect(answersOf(client)).toHaveLength(1));
    model.onRequest = (request) => request.answer('Because.');
    await ask('Again: why?');
    await eventually(() => expect(answersOf(client)).toMatchObject([{ status: 'failed' }, { content: 'Because.' }]));
  });

  it('never appears in the log with its key or what people have written', async () => {
    const { client, ask } = await session();
    model.onRequest = (request) => request.refuse(500);
    await ask('A secret between us');
    await eventually(() => expect(answersOf(client)).toHaveLength(1));
    await eventually(() => expect(server.logs()).toContain('has failed'));
    expect(server.logs()).not.toMatch(/sk-of-the-tests|secret between us/);
  });
});

describe('people who are not there', () => {
  it('have their answer all the same: a connection that ends does not stop it', async () => {
    const { ada, id, client, ask } = await session();
    let request: ModelRequest | undefined;
    model.onRequest = (asked) => {
      request = asked;
      asked.say('Half');
    };
    await ask();
    await eventually(() => expect(deltasOf(client)).toHaveLength(1));
    client.close();
    await eventually(async () => expect((await metricsOf(server.url)).value('roomcast_answers')).toBe(1));
    request?.say(' and the rest');
    request?.finish();
    const items = await eventually(async () => {
      const { body } = await ada.get(`/sessions/${id}/messages`);
      expect(body.items).toHaveLength(2);
      return body.items as { content: string; status: string }[];
    });
    expect(items[1]).toMatchObject({ content: 'Half and the rest', status: 'complete' });
  });
});

describe('questions in one room', () => {
  it('are answered one at a time, each person in turn, and none is lost', async () => {
    const team = teamAt(server.url);
    const { body } = await team.ada.post('/sessions', { participant_ids: ['bob'], emotion: false });
    const room = `session:${String(body.id)}`;
    const [ada, bob] = [await team.ada.listen(room), await team.bob.listen(room)];
    clients.push(ada, bob);
    let [open, most] = [0, 0];
    model.onRequest = async (request) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 30));
      open--;
      await request.answer(`On: ${request.question}`);
    };
    for (const number of [1, 2, 3, 4]) await ada.ask('message.send', { room, content: `ada ${String(number)}` });
    for (const number of [1, 2]) await bob.ask('message.send', { room, content: `bob ${String(number)}` });
    await eventually(() => expect(answersOf(ada)).toHaveLength(6));
    expect(most).toBe(1);
    const asked = answersOf(ada).map(({ content }) => /(ada|bob) (\d)$/.exec(String(content))?.[0]);
    expect(asked.filter((who) => who?.startsWith('ada'))).toEqual(['ada 1', 'ada 2', 'ada 3', 'ada 4']);
    expect(asked.filter((who) => who?.startsWith('bob'))).toEqual(['bob 1', 'bob 2']);
    // Bob asked last, and does not wait for all of Ada's.
    expect(asked.indexOf('bob 1')).toBeLessThan(asked.indexOf('ada 4'));
    expect(asked.indexOf('bob 2')).toBeLessThan(asked.indexOf('ada 4'));
  });
});
