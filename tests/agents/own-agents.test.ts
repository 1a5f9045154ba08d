// Agents of a host application, and what people want of agents.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRoomcast, defineAgent, AgentFailure, type Question, type Roomcast } from '@roomcast/server';
import { callerAt } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { PlainClient } from '../support/plain-client.js';
import { answersOf } from '../support/said.js';
import { teamAt } from '../support/team.js';
import { testSecret } from '../support/tokens.js';

let database: TestDatabase;
let roomcast: Roomcast;
let url: string;
const clients: PlainClient[] = [];
const asked: Question[] = [];

const clerk = defineAgent({
  id: 'clerk',
  name: 'Clerk',
  async *respond(question) {
    asked.push(question);
    if (question.message.content === 'fail') throw new AgentFailure('The shop is closed.');
    if (question.message.content === 'break') throw new Error('a secret of the shop');
    yield 'At your ';
    yield 'service.';
  },
});
const ownContext = defineAgent({
  id: 'context',
  name: 'Butler',
  async *respond() {
    yield 'Yes?';
  },
});

beforeAll(async () => {
  database = await testDatabase();
  const settings = { ...database.env, PORT: '0', JWT_SECRET: testSecret, LOG_LEVEL: 'silent', DRAIN_SECONDS: '0' };
  roomcast = await createRoomcast({ settings, agents: [clerk, ownContext] });
  url = await roomcast.start();
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await roomcast.stop();
  await database.drop();
});

async function session(persona?: string) {
  const team = teamAt(url);
  const { body } = await team.ada.post('/sessions', { emotion: false, project_id: '42' });
  const room = `session:${String(body.id)}`;
  const client = await team.ada.listen(room);
  clients.push(client);
  const say = (content: string) => client.ask('message.send', { room, content, persona_id: persona });
  return { ...team, room, client, say };
}

describe('instructions', () => {
  it('are one’s own, once for all and once for each project, and replaced as a whole', async () => {
    const { ada, bob } = teamAt(url);
    const none = { content: '', project_id: null, updated_at: null };
    expect(await ada.get('/instructions')).toMatchObject({ status: 200, body: none });
    const put = await ada.put('/instructions', { content: 'Be brief.' });
    expect(put).toMatchObject({
      status: 200,
      body: { content: 'Be brief.', project_id: null, updated_at: expect.any(String) },
    });
    await ada.put('/instructions?project_id=42', { content: 'It is in Rust.' });
    expect((await ada.get('/instructions')).body).toEqual(put.body);
    expect((await ada.get('/instructions?project_id=42')).body).toMatchObject({
      content: 'It is in Rust.',
      project_id: '42',
    });
    expect((await bob.get('/instructions')).body).toEqual(none);
    await ada.put('/instructions', { content: '' });
    expect((await ada.get('/instructions')).body).toMatchObject({ content: '' });
  });

  it.each([
    ['without content', '', {}, 'content'],
    ['too long', '', { content: 'x'.repeat(20_001) }, 'content'],
    ['that cannot be stored', '', { content: 'a\0b' }, 'content'],
    ['for what is no project', '?project_id=a%20b', { content: '' }, 'project_id'],
  ])('%s are refused, naming the field', async (_what, query, body, path) => {
    const { ada } = teamAt(url);
    expect(await ada.put(`/instructions${query}`, body)).toMatchObject({ status: 400, body: { issues: [{ path }] } });
  });

  it('of a project that was deleted are not found', async () => {
    const { ada } = teamAt(url);
    await ada.post('/projects', { id: 'gone', name: 'Gone' });
    await ada.delete('/projects/gone');
    expect((await ada.put('/instructions?project_id=gone', { content: 'x' })).status).toBe(404);
    expect((await ada.get('/instructions?project_id=gone')).status).toBe(404);
  });
});

describe('an agent of the host application', () => {
  it('is shown what it was asked, and answers', async () => {
    const { ada, tenant, room, client, say } = await session('clerk');
    await ada.put('/instructions', { content: 'Be brief.' });
    await ada.put('/instructions?project_id=42', { content: 'It is in Rust.' });
    await say('Hello');
    await eventually(() =>
      expect(answersOf(client)).toMatchObject([{ sender_name: 'Clerk', content: 'At your service.' }]),
    );
    await say('And now?');
    await eventually(() => expect(answersOf(client)).toHaveLength(2));
    expect(asked.at(-1)).toMatchObject({
      tenant,
      room,
      agent_id: 'clerk',
      message: { content: 'And now?', sender_id: 'ada', role: 'user' },
      history: [
        { content: 'Hello', role: 'user' },
        { content: 'At your service.', role: 'agent', sender_id: 'clerk' },
      ],
      instructions: ['Be brief.', 'It is in Rust.'],
    });
  });

  it('says to people what went wrong, or has it said where its error is not for them', async () => {
    const { client, say } = await session('clerk');
    await say('fail');
    await say('break');
    await eventually(() => expect(answersOf(client)).toHaveLength(2));
    expect(answersOf(client)).toMatchObject([
      { status: 'failed', content: 'The shop is closed.' },
      {
        status: 'failed',
        content: expect.stringMatching(/^The agent has failed\. In the server’s log this is [\w-]+\.$/),
      },
    ]);
  });

  it('takes the place of a built-in one, also as the one that stands in for personas', async () => {
    const { client, say } = await session();
    await say('Hello');
    await eventually(() => expect(answersOf(client)).toMatchObject([{ sender_name: 'Butler', content: 'Yes?' }]));
    const { body } = await callerAt(url, { user: 'eve', tenant: 'eve' }).post('/conversations', {
      participant_ids: [],
      persona_id: 'luna',
    });
    const eve = await callerAt(url, { user: 'eve', tenant: 'eve' }).listen(`conversation:${String(body.id)}`);
    clients.push(eve);
    await eve.ask('message.send', { room: `conversation:${String(body.id)}`, content: 'Hello' });
    await eventually(() => expect(answersOf(eve)).toMatchObject([{ sender_id: 'luna', content: 'Yes?' }]));
  });

  it.each([
    ['an id that cannot be', () => defineAgent({ ...clerk, id: 'a b' }), 'takes 1–128 characters'],
    ['no name', () => defineAgent({ ...clerk, name: ' ' }), 'name is empty'],
  ])('with %s is refused where it is declared', (_what, declare, message) => {
    expect(declare).toThrow(message);
  });

  it('is registered once', async () => {
    const other = await testDatabase();
    const twice = createRoomcast({ settings: { ...other.env, JWT_SECRET: testSecret }, agents: [clerk, clerk] });
    await expect(twice).rejects.toThrow('agent "clerk" is registered twice');
    await other.drop();
  }, 60_000);
});
