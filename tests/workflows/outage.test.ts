// While the database cannot be reached, work goes on, and what it has to say is said when the database is back.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { teamAt } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';
import { openHost, type Host } from './host.js';
import { createGate, job, task } from './jobs.js';
import { ends, progressOf } from './told.js';

// The embedded database has no way to it that could be cut.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;

onPostgres('a run whose database goes away', () => {
  let database: TestDatabase;
  let way: Way;
  let host: Host;

  beforeAll(async () => {
    database = await testDatabase();
    const url = new URL(String(database.databaseUrl));
    way = await openWay({ host: url.hostname, port: Number(url.port || 5432) });
    url.hostname = '127.0.0.1';
    url.port = String(way.port);
    host = await openHost({ workflows: [task], settings: { DATABASE_URL: url.href } }, database);
  });
  afterAll(async () => {
    await host.close();
    await way.close();
    await database.drop();
  });

  it('goes on and ends in its first attempt when the database is back, with every step done once', async () => {
    const { ada, tenant } = teamAt(host.url);
    const client = await ada.listen('global');
    const [cut, mended] = [createGate(), createGate()];
    const steps: string[] = [];
    const work = job(async ({ step, progress, emit }) => {
      await step('before', () => void steps.push('before'));
      await cut.passed;
      progress({ progress: 50, current_step: 'in the dark', logs: ['said in the dark'] });
      const dark = step('in the dark', () => void steps.push('in the dark'));
      const emitted = emit('operation.completed', { project_id: '42', operation: 'dark' });
      await mended.passed;
      await Promise.all([dark, emitted]);
      return steps.length;
    });
    const { id } = await host.roomcast.workflows.start(task, work, { tenant });
    await host.reached({ id, tenant }, ({ current_step: step }) => step === 'before');
    way.cut();
    cut.open();
    await eventually(() => expect(steps).toEqual(['before', 'in the dark']));
    await eventually(async () => expect((await fetch(`${host.url}/ready`)).status).toBe(503));
    way.mend();
    mended.open();
    const end = await eventually(() => host.reached({ id, tenant }), { withinMs: 30_000 });
    expect(end).toMatchObject({ status: 'completed', attempt: 1, result: 2 });
    expect(steps).toEqual(['before', 'in the dark']);
    await eventually(() => expect(ends(client, id)).toHaveLength(1));
    expect(progressOf(client, id).flatMap(({ logs }) => logs as string[])).toEqual(['said in the dark']);
    const emitted = (await ada.get('/rooms/project:42/events')).body.events as { event: string }[];
    expect(emitted.filter(({ event }) => event === 'operation.completed')).toHaveLength(1);
    client.close();
  });
});
