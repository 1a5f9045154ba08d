// A server that dies in the middle of an answer: the answer is marked as interrupted with what is known of it, what
// waited is answered, and the question can be asked again.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { modelSettings, startModelServer, type ModelServer } from '../support/model-server.js';
import type { PlainClient } from '../support/plain-client.js';
import { answersOf, deltasOf, type Said } from '../support/said.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let model: ModelServer;
let database: TestDatabase;
let server: ServerProcess;
const clients: PlainClient[] = [];

beforeAll(async () => {
  model = await startModelServer();
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, ...modelSettings(model) } });
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
  await model.close();
  await database.drop();
});

async function session() {
  const { ada } = teamAt(server.url);
  const { body } = await ada.post('/sessions', { emotion: false });
  const id = String(body.id);
  const room = `session:${id}`;
  const listen = async () => {
    const client = await ada.listen(room, 'global');
    clients.push(client);
    return client;
  };
  const messages = async () => (await ada.get(`/sessions/${id}/messages`)).body.items as Said[];
  return { ada, room, listen, messages, client: await listen() };
}

it('kill -9 in the middle of an answer', async () => {
  const { ada, room, client, listen, messages } = await session();
  model.onRequest = (request) => request.say('The first half');
  await client.ask('message.send', { room, content: 'Why?', client_id: 'one' });
  await client.ask('message.send', { room, content: 'And how?', client_id: 'two' });
  const [delta] = await eventually(() => {
    expect(deltasOf(client)).toHaveLength(1);
    return deltasOf(client);
  });
  // Noted down within half a second.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await server.kill();
  model.onRequest = (request) => request.answer(`On: ${request.question}`);
  await server.start();

  const again = await listen();
  await eventually(async () => expect(await messages()).toHaveLength(4));
  const [, , interrupted, second] = await messages();
  expect(interrupted).toMatchObject({
    id: delta?.data.message_id,
    role: 'agent',
    status: 'interrupted',
    content: 'The first half',
  });
  expect(second).toMatchObject({ status: 'complete', content: 'On: And how?' });
  // Asked again, it is answered.
  await again.ask('message.send', { room, content: 'Why?', client_id: 'three' });
  await eventually(() => expect(answersOf(again).at(-1)).toMatchObject({ content: 'On: Why?', status: 'complete' }));
  await eventually(async () => expect((await ada.get('/agents')).body.items).toMatchObject([{ status: 'idle' }]));
  expect(await again.ask('agent.cancel', { client_id: 'one' })).toEqual({ status: 'success' });
}, 90_000);

it('SIGTERM in the middle of an answer lets it end, and what had not begun is answered after the next start', async () => {
  const { room, client, messages } = await session();
  let end = () => {};
  model.onRequest = (request) => {
    request.say('Half');
    end = () => {
      request.say(' and half');
      request.finish();
    };
  };
  await client.ask('message.send', { room, content: 'Why?' });
  await client.ask('message.send', { room, content: 'And how?' });
  await eventually(() => expect(deltasOf(client)).toHaveLength(1));
  const stopped = server.stop();
  await eventually(() => expect(client.names()).toContain('session.closing'));
  end();
  expect(await stopped).toEqual({ code: 0, signal: null });
  model.onRequest = (request) => request.answer(`On: ${request.question}`);
  await server.start();
  await eventually(async () => expect(await messages()).toHaveLength(4));
  expect((await messages()).slice(2).map(({ content, status }) => [content, status])).toEqual([
    ['Half and half', 'complete'],
    ['On: And how?', 'complete'],
  ]);
}, 90_000);
