// Publishers go on while the server is killed and started again: a TypeScript program and a Python one, each with events
// and with the progress of a run. Nothing that they were answered for is lost, and nothing is there twice.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Receipt } from '@roomcast/protocol';
import { createPublisher } from '@roomcast/server/publisher';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import type { Heard } from '../../support/plain-client.js';
import { startProgram } from '../../support/program.js';
import { startServer, type ServerProcess } from '../../support/server-process.js';
import { teamAt, type Team } from '../../support/team.js';

const EVENTS = 150;
const AT_ONCE = 5;
const numbers = Array.from({ length: EVENTS }, (_, index) => index + 1);
const script = fileURLToPath(new URL('../../../examples/python/publish_progress.py', import.meta.url));

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, DRAIN_SECONDS: '0' } });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

async function facts({ ada }: Team): Promise<Heard[]> {
  const { body } = await ada.get('/rooms/project:42/events?limit=500');
  return (body.events as Heard[]).filter(({ event }) => event !== 'workflow.progress');
}

const results = (events: readonly Heard[]) =>
  events.filter(({ event }) => event === 'operation.completed').map(({ data }) => data.result);

/** Kills the server with kill -9, and stops it in good order, when a third and when two thirds of the events are there. */
async function disturb(team: Team, isOver: () => boolean): Promise<void> {
  for (const [part, end] of [
    [1, () => server.kill()],
    [2, () => server.stop()],
  ] as const) {
    await eventually(async () => results(await facts(team)).length >= (part * EVENTS) / 3, { withinMs: 30_000 });
    expect(isOver()).toBe(false);
    await end();
    await server.start();
  }
}

describe('while the server is killed and started again', () => {
  it('P5, P6: a TypeScript publisher delivers every event once, in its order, and the end of its run', async () => {
    const team = teamAt(server.url);
    const publisher = createPublisher({ url: server.url, key: team.bot.credential });
    let over = false;
    async function work(): Promise<void> {
      const run = publisher.run({ workflowId: 'nightly', name: 'nightly', projectId: '42', attempt: 1 });
      await run.started();
      const told: Promise<void>[] = [];
      const receipts: Promise<Receipt>[] = [];
      for (const number of numbers) {
        told.push(run.progress({ progress: (100 * number) / EVENTS, current_step: `event ${number}` }));
        receipts.push(publisher.emit('operation.completed', { project_id: '42', operation: 'test', result: number }));
        // A few are always on their way.
        await receipts.at(-AT_ONCE);
      }
      await Promise.all([...told, ...receipts]);
      await run.completed(EVENTS);
      over = true;
    }
    await Promise.all([work(), disturb(team, () => over)]);
    await publisher.close();
    const events = await facts(team);
    expect(results(events)).toEqual(numbers);
    expect(events.map(({ event }) => event)).toEqual([
      'workflow.started',
      ...numbers.map(() => 'operation.completed'),
      'workflow.completed',
    ]);
  });

  it('P5, P6: so does a Python program with nothing but its standard library', async () => {
    const team = teamAt(server.url);
    const env = { ROOMCAST_URL: server.url, ROOMCAST_TOKEN: team.bot.credential };
    const program = startProgram('python3', [script, 'nightly', String(EVENTS)], { env });
    let over = false;
    void program.ended.then(() => (over = true));
    await disturb(team, () => over);
    expect(await program.ended).toBe(0);
    expect(program.printed()).toEqual([`nightly: ${EVENTS} steps done`]);
    const events = await facts(team);
    expect(results(events)).toEqual(numbers);
    expect([events[0]?.event, events.at(-1)?.event]).toEqual(['workflow.started', 'workflow.completed']);
    expect(events).toHaveLength(EVENTS + 2);
  });
});
