// Who joins in the middle of an answer, or comes back, has all of it, and sees no word twice.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { followAnswers, type AnswerFollower } from '../support/answer-follower.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { modelSettings, startModelServer, type ModelRequest, type ModelServer } from '../support/model-server.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

let model: ModelServer;
let database: TestDatabase;
let server: ServerProcess;
const followers: AnswerFollower[] = [];

beforeAll(async () => {
  model = await startModelServer();
  database = await testDatabase();
  const env = { ...database.env, ...modelSettings(model), MAX_CONNECTIONS_PER_USER: '0', COMMAND_RATE: '100000' };
  server = await startServer({ env });
}, 60_000);
afterAll(async () => {
  for (const follower of followers) follower.close();
  await server.stop();
  await model.close();
  await database.drop();
});

const WORDS = Array.from({ length: 60 }, (_, number) => `word${String(number)} `);
const WHOLE = WORDS.join('');

it('a joiner at every single piece, and one that comes back at every piece, end with the exact text', async () => {
  const { ada } = teamAt(server.url);
  const { body } = await ada.post('/sessions', { emotion: false });
  const room = `session:${String(body.id)}`;
  const follow = () => {
    const follower = followAnswers(server.url, ada.credential, room);
    followers.push(follower);
    return follower;
  };
  const [steady, returning] = [follow(), follow()];
  await eventually(() => steady.entered === 1 && returning.entered === 1);

  let request: ModelRequest | undefined;
  model.onRequest = (asked) => void (request = asked);
  await ada.post(`/sessions/${String(body.id)}/messages`, { content: 'Tell me all.' });
  await eventually(() => request !== undefined, { everyMs: 1 });
  for (const [index, word] of WORDS.entries()) {
    request?.say(word);
    const soFar = WORDS.slice(0, index + 1).join('');
    await eventually(() => steady.answers.values().next().value?.text === soFar, { everyMs: 1 });
    const joiner = follow();
    returning.reconnect();
    // Some enter between two pieces, others while the next is on its way.
    if (index % 2) await eventually(() => joiner.entered === 1, { everyMs: 1 });
  }
  await eventually(() => followers.every(({ entered }) => entered > 0));
  request?.finish();
  await eventually(() => {
    for (const { answers } of followers)
      expect([...answers.values()].map(({ message }) => message !== null)).toEqual([true]);
  });

  const shown = followers.map(({ answers }) => [...answers.values()][0]!);
  expect(followers.flatMap(({ complaints }) => complaints)).toEqual([]);
  for (const { message } of shown) expect(message).toMatchObject({ content: WHOLE, status: 'complete' });
  const [first, back, ...joined] = shown;
  expect(first?.text).toBe(WHOLE);
  expect(first?.pieces).toBe(WORDS.length);
  expect(returning.entered).toBeGreaterThan(WORDS.length / 3);
  expect(back?.text).toBe(WHOLE);
  // Whoever came in its middle began with all that had been said.
  expect(joined).toHaveLength(WORDS.length);
  for (const { firstAt, text } of joined) expect([firstAt, text]).toEqual([0, WHOLE]);
}, 60_000);
