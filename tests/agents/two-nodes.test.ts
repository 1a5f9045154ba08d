// Two nodes on one database: who makes which answer, and stopping it from the other one.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { modelSettings, startModelServer, type ModelServer } from '../support/model-server.js';
import type { PlainClient } from '../support/plain-client.js';
import { answersOf } from '../support/said.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let model: ModelServer;
let database: TestDatabase;
let nodes: ServerProcess[] = [];
const clients: PlainClient[] = [];

// The embedded database belongs to one process.
const several = databaseKind() === 'embedded' ? it.skip : it;

beforeAll(async () => {
  if (databaseKind() === 'embedded') return;
  model = await startModelServer();
  database = await testDatabase();
  const env = { ...database.env, ...modelSettings(model), MESSAGE_RATE: '1000' };
  nodes = [await startServer({ env }), await startServer({ env })];
}, 60_000);
afterAll(async () => {
  if (databaseKind() === 'embedded') return;
  for (const client of clients) client.close();
  for (const node of nodes) await node.stop();
  await model.close();
  await database.drop();
});

async function session() {
  const [one, other] = nodes.map(({ url }) => url) as [string, string];
  const { ada, tenant } = teamAt(one);
  const { body } = await ada.post('/sessions', { emotion: false });
  const room = `session:${String(body.id)}`;
  const [here, there] = [await ada.listen(room), await teamAt(other, tenant).ada.listen(room)];
  clients.push(here, there);
  return { room, here, there };
}

several('an answer is stopped from another node, within a second, and its message reaches both', async () => {
  const { room, here, there } = await session();
  model.onRequest = (request) => request.say('Half');
  await here.ask('message.send', { room, content: 'Why?', client_id: 'one' });
  const request = await eventually(() => {
    expect(model.open()).toHaveLength(1);
    return model.open()[0]!;
  });
  expect(await there.ask('agent.cancel', { client_id: 'one' })).toEqual({ status: 'success' });
  await eventually(() => request.closed, { withinMs: 1_000 });
  for (const client of [here, there]) {
    await eventually(() => expect(answersOf(client)).toMatchObject([{ status: 'cancelled', content: 'Half' }]));
  }
});

several('questions of one room that come to both nodes are answered one at a time, each once', async () => {
  const { room, here, there } = await session();
  let [open, most] = [0, 0];
  model.onRequest = async (request) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 10));
    open--;
    await request.answer(request.question);
  };
  const questions = Array.from({ length: 20 }, (_, number) => `question ${String(number)}`);
  await Promise.all(
    questions.map((content, number) => (number % 2 ? here : there).ask('message.send', { room, content })),
  );
  await eventually(() => expect(answersOf(here)).toHaveLength(20));
  expect(
    answersOf(here)
      .map(({ content }) => content)
      .sort(),
  ).toEqual([...questions].sort());
  expect(most).toBe(1);
  await eventually(() => expect(answersOf(there)).toHaveLength(20));
});

several(
  'what a killed node was answering is marked by the one that lives',
  async () => {
    const { room, here, there } = await session();
    model.onRequest = (request) => request.say('Half');
    await here.ask('message.send', { room, content: 'Why?' });
    await eventually(() => expect(model.open()).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await nodes[0]?.kill();
    await eventually(() => expect(answersOf(there)).toMatchObject([{ status: 'interrupted', content: 'Half' }]));
  },
  30_000,
);
