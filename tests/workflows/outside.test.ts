// Progress that other engines tell of over HTTP, of their own runs and of those of the platform.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import type { PlainClient } from '../support/plain-client.js';
import { teamAt, type Team } from '../support/team.js';
import { openHost, type Host } from './host.js';
import { createGate, job, task } from './jobs.js';
import { ends, progressOf, told } from './told.js';

let host: Host;
let team: Team;
const clients: PlainClient[] = [];

beforeAll(async () => {
  host = await openHost({ workflows: [task] });
  team = teamAt(host.url);
}, 120_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => host.close());

async function listen(...rooms: string[]): Promise<PlainClient> {
  const client = await team.ada.listen(...rooms);
  clients.push(client);
  return client;
}

function report(progress: number, more: object = {}) {
  return { status: 'running', progress, current_step: `at ${progress}`, total_steps: 3, ...more };
}

const post = (id: string, body: object) => team.bot.post(`/workflows/${id}/progress`, body);

describe('progress of a run of another engine', () => {
  it('is told as it is to the rooms of the run, and is its current value', async () => {
    const id = randomUUID();
    const client = await listen(`workflow:${id}`, 'project:42');
    const { status, body } = await post(
      id,
      report(40, { project_id: '42', logs: ['a line'], attempt: 2, eta_seconds: 9 }),
    );
    expect(status).toBe(200);
    const data = { workflow_id: id, project_id: '42', ...report(40), logs: ['a line'], attempt: 2, eta_seconds: 9 };
    expect(body).toEqual(data);
    await eventually(() => expect(told(client, id)).toHaveLength(1));
    expect(told(client, id)[0]).toMatchObject({ rooms: [`workflow:${id}`, 'project:42', 'global'], data });
    const ack = await (await listen()).subscribe(`workflow:${id}`, { state: true });
    expect(ack.state?.map((event) => event.data)).toEqual([data]);
  });

  it('is refused when it is of an older attempt', async () => {
    const id = randomUUID();
    const client = await listen('global');
    const answers = [];
    for (const attempt of [2, 2, 1, undefined, 3, 2]) answers.push(await post(id, report(1, { attempt })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 409, 200, 200, 409]);
    expect(answers[2]?.body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('attempt 1 is over') });
    const other = teamAt(host.url).bot;
    expect((await other.post(`/workflows/${id}/progress`, report(1, { attempt: 1 }))).status).toBe(200);
    await eventually(() => expect(progressOf(client, id)).toHaveLength(4));
  });

  it('is refused once the run has ended, but for a newer attempt after a failure', async () => {
    const id = randomUUID();
    const client = await listen('global');
    const end = { workflow_id: id, name: 'elsewhere', status: 'failed' };
    expect((await post(id, report(10, { attempt: 1 }))).status).toBe(200);
    expect((await team.bot.post('/events', { event: 'workflow.failed', data: end })).status).toBe(201);
    expect((await post(id, report(20, { attempt: 1 }))).body.code).toBe('conflict');
    expect((await post(id, report(20))).body.code).toBe('conflict');
    expect((await (await listen()).subscribe(`workflow:${id}`, { state: true })).state).toEqual([]);
    expect((await post(id, report(5, { attempt: 2 }))).status).toBe(200);
    const completed = { event: 'workflow.completed', data: { ...end, status: 'completed' } };
    expect((await team.bot.post('/events', completed)).status).toBe(201);
    expect((await post(id, report(5, { attempt: 3 }))).status).toBe(409);
    await eventually(() => expect(told(client, id)).toHaveLength(4));
  });

  it('is told at most ten times a second, with the last of many reports, and each is answered', async () => {
    const id = randomUUID();
    const client = await listen('global');
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => post(id, report(index / 2, { logs: [`line ${index}`] }))),
    );
    const last = await post(id, report(100));
    expect([...new Set([...answers, last].map(({ status }) => status))]).toEqual([200]);
    await eventually(() => expect(progressOf(client, id).at(-1)).toEqual(last.body));
    expect(progressOf(client, id).length).toBeLessThan(20);
    const lines = progressOf(client, id).flatMap(({ logs }) => logs as string[]);
    expect(new Set(lines).size).toBe(100);
  });

  it('is told by publishers only, in the form of its event', async () => {
    expect((await team.ada.post('/workflows/x/progress', report(1))).body.code).toBe('forbidden');
    const { status, body } = await post('x', { status: 'running', progress: 101, attempt: 0 });
    const paths = (body.issues as { path: string }[]).map(({ path }) => path);
    expect([status, paths.sort()]).toEqual([400, ['attempt', 'current_step', 'progress', 'total_steps']]);
    expect((await post('no%20id', report(1))).status).toBe(404);
  });
});

describe('progress of a run of the platform', () => {
  it('is taken for the attempt that is under way, and no other', async () => {
    const client = await listen('global');
    const gate = createGate();
    const { tenant } = team;
    const { id } = await host.roomcast.workflows.start(
      task,
      job(() => gate.passed),
      { tenant },
    );
    await host.reached({ id, tenant }, ({ status }) => status === 'running');
    expect((await post(id, report(10, { attempt: 2 }))).body.code).toBe('conflict');
    expect((await post(id, report(70, { attempt: 1, logs: ['from elsewhere'] }))).status).toBe(200);
    await eventually(() =>
      expect(progressOf(client, id).at(-1)).toMatchObject({ progress: 70, attempt: 1, logs: ['from elsewhere'] }),
    );
    expect((await team.bot.get(`/workflows/${id}`)).body).toMatchObject({ progress: 70, current_step: 'at 70' });
    gate.open();
    await host.reached({ id, tenant });
    expect((await post(id, report(80))).body.code).toBe('conflict');
    await eventually(() => expect(ends(client, id)).toHaveLength(1));
  });

  it('is told with what its own work says, at most ten times a second together, and the last of both', async () => {
    const client = await listen('global');
    const gate = createGate();
    const { tenant } = team;
    let stop = false;
    const work = job(async ({ progress }) => {
      for (let tick = 0; !stop; tick++) {
        progress({ progress: Math.min(40, tick / 10), logs: [`inside ${tick}`] });
        await new Promise((resolve) => setImmediate(resolve));
      }
      await gate.passed;
    });
    const { id } = await host.roomcast.workflows.start(task, work, { tenant });
    await host.reached({ id, tenant }, ({ status }) => status === 'running');
    const began = Date.now();
    for (let tick = 0; Date.now() < began + 2_000; tick++) {
      expect((await post(id, report(50 + tick / 100, { logs: [`outside ${tick}`] }))).status).toBe(200);
    }
    stop = true;
    const last = await post(id, report(90, { attempt: 1, logs: ['the last'] }));
    expect(last.body).toMatchObject({ workflow_id: id, progress: 90, current_step: 'at 90', attempt: 1 });
    await eventually(() => expect(progressOf(client, id).at(-1)).toEqual(last.body));
    const times = told(client, id).map(({ timestamp }) => Date.parse(timestamp));
    expect(Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length))).toBeLessThan(
      11,
    );
    const steps = progressOf(client, id).map(({ progress }) => progress as number);
    expect(steps).toEqual(steps.toSorted((one, other) => one - other));
    gate.open();
    await host.reached({ id, tenant });
  });
});
