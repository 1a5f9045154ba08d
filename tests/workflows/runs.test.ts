// Runs of workflows from their start to their end, over REST, commands and from the host's own code.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowError, type StartOptions } from '@roomcast/server';
import type { PlainClient } from '../support/plain-client.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { teamAt, type Team } from '../support/team.js';
import { openHost, type Host } from './host.js';
import { createGate, hasty, job, single, task, untilAborted, type Job } from './jobs.js';
import { ends, told } from './told.js';

let host: Host;
let team: Team;
const clients: PlainClient[] = [];

beforeAll(async () => {
  host = await openHost({ workflows: [task, single, hasty] });
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

async function start(work: Job, options: StartOptions = {}): Promise<{ id: string; tenant: string }> {
  const { tenant = team.tenant } = options;
  const { id } = await host.roomcast.workflows.start(task, job(work), { ...options, tenant });
  return { id, tenant };
}

const statuses = (client: PlainClient, id: unknown) => told(client, id).map(({ data }) => data.status);

describe('a run', () => {
  it('is started over REST, told to its rooms, and ends with what its work has left', async () => {
    const client = await listen('project:42', 'global');
    const { status, body } = await team.ada.post('/workflows', {
      name: 'task',
      input: job(({ projectId, startedBy }) => ({ projectId, startedBy })),
      project_id: '42',
    });
    expect(status).toBe(202);
    expect(body).toEqual({
      id: expect.any(String),
      name: 'task',
      project_id: '42',
      status: 'queued',
      progress: 0,
      current_step: '',
      total_steps: 0,
      attempt: 0,
      result: null,
      error: null,
      started_by: 'ada',
      created_at: expect.stringMatching(/Z$/),
      finished_at: null,
    });
    await eventually(() => expect(ends(client, body.id)).toHaveLength(1));
    const [first, , last] = told(client, body.id);
    const head = { workflow_id: body.id, name: 'task', project_id: '42' };
    expect(told(client, body.id).map(({ event }) => event)).toEqual([
      'workflow.started',
      'workflow.progress',
      'workflow.completed',
    ]);
    expect(first).toMatchObject({
      rooms: [`workflow:${String(body.id)}`, 'project:42', 'global'],
      data: { ...head, status: 'running' },
    });
    const result = { projectId: '42', startedBy: 'ada' };
    expect(last?.data).toEqual({ ...head, status: 'completed', result });
    expect((await team.ada.get(`/workflows/${String(body.id)}`)).body).toMatchObject({
      status: 'completed',
      progress: 100,
      attempt: 1,
      result,
      finished_at: expect.stringMatching(/Z$/),
    });
  });

  it('is started, looked at and stopped by commands', async () => {
    const client = await listen('global');
    const payload = { name: 'task', input: job(({ signal }) => untilAborted(signal)) };
    const { workflow } = (await client.ask('workflow.start', payload)) as { workflow: { id: string } };
    await eventually(() => expect(statuses(client, workflow.id)).toContain('running'));
    const about = { workflow_id: workflow.id };
    expect(await client.ask('workflow.status', about)).toMatchObject({
      status: 'success',
      workflow: { id: workflow.id, name: 'task', status: 'running', attempt: 1 },
    });
    expect(await client.ask('workflow.cancel', about)).toMatchObject({ workflow: { status: 'cancelling' } });
    await eventually(() => expect(ends(client, workflow.id)).toHaveLength(1));
    expect(await client.ask('workflow.cancel', about)).toMatchObject({ workflow: { status: 'cancelled' } });
    expect(await client.ask('workflow.status', { workflow_id: 'none' })).toMatchObject({
      error: { code: 'not_found' },
    });
  });

  it('is refused with what the name or the input takes', async () => {
    const unknown = await team.ada.post('/workflows', { name: 'other', input: {} });
    expect([unknown.status, unknown.body.issues]).toEqual([
      400,
      [{ path: 'name', message: 'takes the name of a workflow: task, single, hasty' }],
    ]);
    const bad = await team.ada.post('/workflows', { name: 'task', input: { job: 7 } });
    expect([bad.status, (bad.body.issues as { path: string }[])[0]?.path]).toEqual([400, 'input.job']);
    expect((await team.ada.post('/workflows', { name: 'task' })).body.issues).toMatchObject([{ path: 'input' }]);
    const { workflows } = host.roomcast;
    await expect(workflows.start('task', { job: 7 })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('keeps its id to itself; a command that is repeated under it starts nothing again', async () => {
    const client = await listen('global');
    const id = randomUUID();
    const payload = { id, name: 'task', input: job(() => 1) };
    expect((await team.ada.post('/workflows', payload)).status).toBe(202);
    expect((await team.ada.post('/workflows', payload)).body.code).toBe('conflict');
    expect(await client.ask('workflow.start', payload)).toMatchObject({ workflow: { id } });
    const other = { ...payload, input: job(() => 2) };
    expect(await client.ask('workflow.start', other)).toMatchObject({ error: { code: 'conflict' } });
    await eventually(() => expect(ends(client, id)).toHaveLength(1));
  });

  it('is begun at once: the workers look for what they were not told of only every two seconds', async () => {
    const { tenant } = team;
    let done = 0;
    const oneAfterTheOther = async () => {
      for (; done < 20; done++) {
        const { id } = await host.roomcast.workflows.start(
          task,
          job(() => done),
          { tenant },
        );
        await host.reached({ id, tenant });
      }
    };
    const all = oneAfterTheOther();
    await eventually(() => done === 20);
    await all;
  });

  it('exists if and only if the transaction commits that has started it', async () => {
    const client = await listen('global');
    const { dataSource, workflows } = host.roomcast;
    const runs: string[] = [];
    const work = job(({ workflowId }) => void runs.push(workflowId));
    const options = (id: string) => ({ id, tenant: team.tenant });
    const [kept, dropped, inner] = [randomUUID(), randomUUID(), randomUUID()];
    const rolledBack = dataSource.transaction(async (manager) => {
      await workflows.in(manager).start(task, work, options(dropped));
      throw new Error('not today');
    });
    await expect(rolledBack).rejects.toThrow('not today');
    await dataSource.transaction(async (manager) => {
      const nested = manager.transaction(async (savepoint) => {
        await workflows.in(savepoint).start(task, work, options(inner));
        throw new Error('only this part');
      });
      await expect(nested).rejects.toThrow('only this part');
      await workflows.in(manager).start(task, work, options(kept));
    });
    await eventually(() => expect(ends(client, kept)).toHaveLength(1));
    for (const id of [dropped, inner]) {
      await expect(workflows.find(id, { tenant: team.tenant })).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(runs).toEqual([kept]);
  });
});

describe('an attempt that fails', () => {
  it('is followed by another, which does no finished step again', async () => {
    const client = await listen('global');
    const calls: string[] = [];
    const run = await start(async ({ step, attempt, progress }) => {
      progress({ total_steps: 2 });
      const first = await step('first', () => ({ calls: calls.push('first') }));
      const nothing = await step('nothing', () => void calls.push('nothing'));
      if (attempt < 3) throw new Error(`not in attempt ${attempt}`);
      return { first, nothing };
    });
    const { status, result, attempt } = await host.reached(run);
    expect({ status, result, attempt }).toEqual({
      status: 'completed',
      result: { first: { calls: 1 }, nothing: null },
      attempt: 3,
    });
    expect(calls).toEqual(['first', 'nothing']);
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    const lines = told(client, run.id).flatMap(({ data }) => (data.logs as string[] | undefined) ?? []);
    expect(lines).toEqual(['Attempt 1 failed: not in attempt 1', 'Attempt 2 failed: not in attempt 2']);
    const attempts = told(client, run.id).map(({ data }) => data.attempt);
    expect(attempts.filter(Boolean)).toEqual([...attempts].filter(Boolean).sort());
  });

  it('is the last one when there have been enough, or when another would fail too', async () => {
    const client = await listen('global');
    const enough = await start(() => {
      throw new Error('The content library is empty.');
    });
    expect(await host.reached(enough)).toMatchObject({
      status: 'failed',
      attempt: 3,
      error: { code: 'error', message: 'The content library is empty.' },
    });
    const hopeless = await start(() => {
      throw new WorkflowError('empty', 'Nothing to do.', { retryable: false });
    });
    expect(await host.reached(hopeless)).toMatchObject({ attempt: 1, error: { code: 'empty' } });
    await eventually(() => expect(ends(client, hopeless.id)).toHaveLength(1));
    expect(ends(client, enough.id)).toMatchObject([
      { event: 'workflow.failed', data: { status: 'failed', error: { message: 'The content library is empty.' } } },
    ]);
  });

  it('says what cannot be kept of its work', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const [result, message] of [
      [cyclic, 'cannot be written as JSON'],
      [() => 1, 'is a function'],
      ['x'.repeat(300_000), 'larger than 256 KiB'],
    ] as const) {
      expect(await host.reached(await start(() => result))).toMatchObject({
        status: 'failed',
        error: { code: 'bad_result', message: expect.stringContaining(message) },
      });
    }
    const twice = await start(async ({ step }) => {
      await step('same', () => 1);
      await step('same', () => 2);
    });
    expect(await host.reached(twice)).toMatchObject({ error: { code: 'bad_step' } });
  });

  it('has failed when its time is up, also when its work does not stop', async () => {
    const { workflows } = host.roomcast;
    const options = { tenant: team.tenant };
    const told: unknown[] = [];
    const listening = job(({ signal }) => untilAborted(signal).catch((reason: unknown) => told.push(reason)));
    const first = await workflows.start(hasty, listening, options);
    expect(await host.reached({ ...first, ...options })).toMatchObject({
      status: 'failed',
      error: { code: 'timeout', message: 'The attempt took longer than 0.1 s.' },
    });
    expect(told).toMatchObject([{ name: 'AbortError', code: 'timeout' }]);
    const deaf = createGate();
    const second = await workflows.start(
      hasty,
      job(() => deaf.passed),
      options,
    );
    expect(await host.reached({ ...second, ...options })).toMatchObject({
      error: { code: 'timeout', message: expect.stringContaining('did not stop') },
    });
    deaf.open();
  });
});

describe('runs of one workflow', () => {
  it('begin as many at once as it allows, the one of the highest priority first', async () => {
    const { workflows } = host.roomcast;
    const order: string[] = [];
    const gate = createGate();
    let [running, most] = [0, 0];
    const work = job(async ({ workflowId }) => {
      order.push(workflowId);
      most = Math.max(most, ++running);
      await gate.passed;
      running--;
    });
    const ids = ['first', 'low', 'high', 'middle'].map((name) => `${name}-${randomUUID()}`);
    const [first, low, high, middle] = ids as [string, string, string, string];
    const begin = (id: string, priority: number) =>
      workflows.start(single, work, { id, priority, tenant: team.tenant });
    await begin(first, 0);
    await eventually(() => expect(order).toEqual([first]));
    for (const [id, priority] of [
      [low, -1],
      [high, 7],
      [middle, 0],
    ] as const) {
      await begin(id, priority);
    }
    gate.open();
    for (const id of ids) await host.reached({ id, tenant: team.tenant });
    expect([order, most]).toEqual([[first, high, middle, low], 1]);
  });

  it('that were cancelled while they waited do not hold up the others', async () => {
    const { workflows } = host.roomcast;
    const client = await listen('global');
    const gate = createGate();
    const options = { tenant: team.tenant };
    const first = await workflows.start(
      single,
      job(() => gate.passed),
      options,
    );
    await host.reached({ ...first, ...options }, ({ status }) => status === 'running');
    const waiting = await workflows.start(
      single,
      job(() => 1),
      options,
    );
    const next = await workflows.start(
      single,
      job(() => 2),
      options,
    );
    expect((await team.bot.post(`/workflows/${waiting.id}/cancel`)).body).toMatchObject({
      status: 'cancelled',
      finished_at: expect.any(String),
    });
    gate.open();
    expect(await host.reached({ ...next, ...options })).toMatchObject({ status: 'completed', result: 2 });
    expect(told(client, waiting.id).map(({ event }) => event)).toEqual(['workflow.cancelled']);
  });
});

describe('the starter of a run', () => {
  it('is notified when it is done and when it fails, and not when it is cancelled', async () => {
    const { ada, tenant } = teamAt(host.url);
    const client = await ada.listen('user:ada');
    clients.push(client);
    await host.reached(await start(() => 1, { tenant, startedBy: 'ada', projectId: '42' }));
    const failing = () => {
      throw new WorkflowError('empty', 'Nothing to do.', { retryable: false });
    };
    await host.reached(await start(failing, { tenant, startedBy: 'ada' }));
    const stopped = await start(({ signal }) => untilAborted(signal), { tenant, startedBy: 'ada' });
    await host.roomcast.workflows.cancel(stopped.id, { tenant });
    await host.reached(stopped);
    await host.reached(await start(() => 1, { tenant }));
    await eventually(() => expect(client.facts()).toHaveLength(2));
    expect(client.facts().map(({ data }) => data.notification)).toMatchObject([
      { user_id: 'ada', title: 'The task: done', level: 'success', project_id: '42' },
      { user_id: 'ada', title: 'The task: failed', level: 'error', message: 'Nothing to do.' },
    ]);
    expect((await ada.get('/notifications')).body).toMatchObject({ unread: 2 });
  });
});

describe('events', () => {
  it('of a run that the platform keeps are not taken from others', async () => {
    const gate = createGate();
    const run = await start(() => gate.passed);
    const forged = { workflow_id: run.id, name: 'task', status: 'completed' };
    const { status, body } = await team.bot.post('/events', { event: 'workflow.completed', data: forged });
    expect([status, body.code, body.detail]).toEqual([409, 'conflict', expect.stringContaining(run.id)]);
    const foreign = { ...forged, workflow_id: 'of-another-engine' };
    expect((await team.bot.post('/events', { event: 'workflow.completed', data: foreign })).status).toBe(201);
    gate.open();
    await host.reached(run);
  });

  it('of its work are emitted once under an id of the run', async () => {
    const client = await listen('project:42');
    const run = await start(async ({ emit, attempt }) => {
      await emit('operation.completed', { project_id: '42', operation: 'step' }, { id: 'step' });
      if (attempt === 1) throw new Error('again');
    });
    await host.reached(run);
    const other = await start(({ emit }) =>
      emit('operation.completed', { project_id: '42', operation: 'step' }, { id: 'step' }),
    );
    await host.reached(other);
    await eventually(() => expect(client.names().filter((name) => name === 'operation.completed')).toHaveLength(2));
  });
});

describe('what operators see of runs', () => {
  it('is how many are under way, and how many have ended how', async () => {
    const read = async () => {
      const { value } = await metricsOf(host.url);
      const ended = (status: string) => value('roomcast_workflow_runs_total', `name="task",status="${status}"`) ?? 0;
      const [completed, failed, cancelled] = ['completed', 'failed', 'cancelled'].map(ended);
      return { running: value('roomcast_workflow_runs', 'name="task"'), completed, failed, cancelled };
    };
    await eventually(async () => expect((await read()).running).toBe(0));
    const { completed = 0, failed = 0, cancelled = 0 } = await read();
    const gate = createGate();
    const { id } = await start(({ signal }) => untilAborted(signal));
    const waiting = [await start(() => gate.passed), await start(() => gate.passed)];
    await start(() => {
      throw new WorkflowError('broken', 'It cannot be done.', { retryable: false });
    });
    await eventually(async () =>
      expect(await read()).toEqual({ running: 3, completed, failed: failed + 1, cancelled }),
    );
    gate.open();
    await team.bot.post(`/workflows/${id}/cancel`, {});
    for (const run of waiting) await host.reached(run);
    await eventually(async () =>
      expect(await read()).toEqual({
        running: 0,
        completed: completed + 2,
        failed: failed + 1,
        cancelled: cancelled + 1,
      }),
    );
  });
});
