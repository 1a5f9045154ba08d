// A server that is killed between its answer to GitHub and the event: what was answered becomes one event, in order.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { Random } from '../simulation/random.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { deliver, webhookSecret } from '../support/github-webhook.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { allDeliveries } from './all-deliveries.js';

const KILLS = 4;
const REPOSITORIES = ['a', 'b', 'c'];
const DELIVERIES = 60;

let database: TestDatabase;
let server: ServerProcess;
let admin: Caller;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, GITHUB_WEBHOOK_SECRET: webhookSecret } });
  admin = callerAt(server.url, { user: 'ada', tenant: 'acme', roles: ['admin'] });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const fans = Array.from({ length: DELIVERIES }, (_, number) => `fan-${String(number)}`);

async function sendersIn(project: string): Promise<unknown[]> {
  const { body } = await admin.get(`/rooms/project:${project}/events?after=0&limit=200`);
  return (body.events as { event: string; data: Record<string, unknown> }[])
    .filter(({ event }) => event === 'github.received')
    .map(({ data }) => data.sender);
}

it('what was answered is an event once and in order, however often the server is killed', async () => {
  const seed = Date.now() % 2 ** 31;
  const random = new Random(seed);
  let answered = 0;

  /** As GitHub does when somebody asks for it again: until there is an answer. */
  async function deliverAll(name: string): Promise<void> {
    for (const login of fans) {
      const repository = { html_url: `https://github.com/acme/${name}` };
      const call = {
        event: 'star',
        payload: { action: 'created', repository, sender: { login } },
        deliveryId: randomUUID(),
      };
      await eventually(async () => (await deliver(server.url, call)).status === 202, { withinMs: 60_000 });
      answered += 1;
    }
  }

  async function kill(): Promise<void> {
    const all = DELIVERIES * REPOSITORIES.length;
    for (let killed = 0; killed < KILLS; killed += 1) {
      const when = Math.floor((all * (killed + random.next())) / KILLS);
      await eventually(() => answered >= when, { withinMs: 60_000, everyMs: 1 });
      await server.kill();
      await server.start();
    }
  }

  for (const name of REPOSITORIES) {
    await admin.post('/projects', { id: name, name, repository_url: `https://github.com/acme/${name}` });
  }
  await Promise.all([kill(), ...REPOSITORIES.map(deliverAll)]);
  await eventually(
    async () => {
      for (const name of REPOSITORIES) expect({ seed, told: await sendersIn(name) }).toEqual({ seed, told: fans });
    },
    { withinMs: 60_000, everyMs: 200 },
  );
  const statuses = (await allDeliveries(admin)).map(({ status }) => status);
  expect(statuses).toEqual(Array(DELIVERIES * REPOSITORIES.length).fill('done'));
}, 300_000);
