// Runs that are told to stop, by whom, and who may watch them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { StartOptions } from '@roomcast/server';
import { connectNativeClient } from '../support/native-client.js';
import type { PlainClient } from '../support/plain-client.js';
import { eventually } from '../support/eventually.js';
import { teamAt, type Team } from '../support/team.js';
import { openHost, type Host } from './host.js';
import { createGate, job, task, untilAborted, type Job } from './jobs.js';
import { ends, told } from './told.js';

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

async function start(work: Job, options: StartOptions = {}): Promise<{ id: string; tenant: string }> {
  const { tenant = team.tenant } = options;
  const { id } = await host.roomcast.workflows.start(task, job(work), { ...options, tenant });
  return { id, tenant };
}

async function cancelNatively(id: string): Promise<unknown> {
  const native = await connectNativeClient(host.url, { token: team.ada.credential });
  const ack = await native.ask('workflow.cancel', { workflow_id: id });
  native.close();
  return ack;
}

describe('cancelling', () => {
  it('is seen in three steps: requested, acknowledged by the worker, done', async () => {
    const client = await listen('global');
    const run = await start(
      async ({ signal, progress }) => {
        progress({ progress: 30, current_step: 'waiting' });
        await untilAborted(signal);
      },
      { startedBy: 'ada' },
    );
    await eventually(() => expect(told(client, run.id).at(-1)?.data).toMatchObject({ progress: 30 }));
    const { status, body } = await team.ada.post(`/workflows/${run.id}/cancel`);
    expect([status, body.status]).toEqual([202, 'cancelling']);
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    const [requested, acknowledged, end] = told(client, run.id).slice(-3);
    const visible = { status: 'cancelling', progress: 30, current_step: 'waiting', attempt: 1 };
    expect(requested?.data).toMatchObject({ ...visible, logs: ['Cancelling was requested by ada.'] });
    expect(acknowledged?.data).toMatchObject({ ...visible, logs: ['The work was told to stop.'] });
    expect(end).toMatchObject({ event: 'workflow.cancelled', data: { status: 'cancelled' } });
    expect(end?.data).not.toHaveProperty('error');
    expect((await team.ada.post(`/workflows/${run.id}/cancel`)).body.status).toBe('cancelled');
  });

  it.each([
    ['over Socket.IO', async (id: string) => (await listen('global')).ask('workflow.cancel', { workflow_id: id })],
    ['over a native WebSocket', (id: string) => cancelNatively(id)],
    ['over REST', async (id: string) => (await team.bot.post(`/workflows/${id}/cancel`)).body],
  ])('is asked for %s', async (_door, cancel) => {
    const run = await start(({ signal }) => untilAborted(signal), { startedBy: 'ada' });
    await host.reached(run, ({ status }) => status === 'running');
    const answer = (await cancel(run.id)) as { workflow?: object; status?: string };
    expect(answer.workflow ?? answer).toMatchObject({ id: run.id, status: 'cancelling' });
    expect(await host.reached(run)).toMatchObject({ status: 'cancelled', error: null });
  });

  it('abandons work that does not stop: it is told so, and nothing that the work says counts any more', async () => {
    const client = await listen('global');
    const gate = createGate();
    const said: unknown[] = [];
    const run = await start(async (context) => {
      await gate.passed;
      await eventually(() => expect(() => context.progress({ progress: 99 })).toThrow('is over'));
      for (const speak of [
        () => context.log('still here'),
        () => context.step('late', () => 1),
        () => context.emit('operation.completed', { project_id: '42', operation: 'late' }),
      ]) {
        said.push(
          await Promise.resolve()
            .then(speak)
            .catch((error: unknown) => error),
        );
      }
    });
    await host.reached(run, ({ status }) => status === 'running');
    await team.bot.post(`/workflows/${run.id}/cancel`);
    expect(await host.reached(run)).toMatchObject({ status: 'cancelled', error: { code: 'abandoned' } });
    gate.open();
    await eventually(() => expect(said).toHaveLength(3));
    expect(said).toEqual(Array(3).fill(expect.objectContaining({ code: 'superseded' })));
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    expect(ends(client, run.id)[0]?.data).toMatchObject({ error: { code: 'abandoned' } });
    expect(client.names()).not.toContain('operation.completed');
  });

  it('is for its starter, the owner of its project and publishers', async () => {
    expect((await team.bob.post('/projects', { id: 'owned', name: 'Owned' })).status).toBe(201);
    const run = await start(({ signal }) => untilAborted(signal), { projectId: 'owned', startedBy: 'ada' });
    const other = await start(({ signal }) => untilAborted(signal), { projectId: 'owned', startedBy: 'someone' });
    expect((await team.ada.post(`/workflows/${other.id}/cancel`)).body.code).toBe('forbidden');
    expect((await team.bob.post(`/workflows/${other.id}/cancel`)).status).toBe(202);
    expect((await team.ada.post(`/workflows/${run.id}/cancel`)).status).toBe(202);
    expect((await teamAt(host.url).boss.post(`/workflows/${run.id}/cancel`)).status).toBe(404);
    expect((await team.ada.post('/workflows/none/cancel')).status).toBe(404);
  });
});

describe('who may see a run', () => {
  it('are its starter, who may enter its project, and publishers; the list shows no others', async () => {
    const own = teamAt(host.url);
    const input = job(() => 1);
    const [mine, shared] = await Promise.all([
      own.ada.post('/workflows', { name: 'task', input }),
      own.ada.post('/workflows', { name: 'task', input, project_id: '42' }),
    ]);
    const [private_, open] = [String(mine.body.id), String(shared.body.id)];
    const listed = async (caller: typeof own.ada, query = '') => {
      const { items } = (await caller.get(`/workflows${query}`)).body as { items: { id: string }[] };
      return items.map(({ id }) => id).sort();
    };
    expect(await listed(own.ada)).toEqual([private_, open].sort());
    expect(await listed(own.bot)).toEqual([private_, open].sort());
    expect(await listed(own.bob)).toEqual([open]);
    expect(await listed(own.bob, '?project_id=42')).toEqual([open]);
    expect(await listed(own.ada, '?status=failed')).toEqual([]);
    expect((await own.ada.get('/workflows?status=gone')).body.issues).toMatchObject([{ path: 'status' }]);
    expect((await own.bob.get(`/workflows/${private_}`)).status).toBe(404);
    expect((await own.bob.get(`/workflows/${open}`)).status).toBe(200);
    const bob = await own.bob.listen('global');
    clients.push(bob);
    expect((await bob.ask('subscribe', { room: `workflow:${private_}` })).error).toMatchObject({ code: 'not_found' });
    await bob.subscribe(`workflow:${open}`);
    await bob.subscribe('workflow:of-another-engine');
  });

  it('closes with its project, also for starting', async () => {
    const own = teamAt(host.url);
    await own.boss.post('/projects', { id: '7', name: 'Gone' });
    const { body } = await own.ada.post('/workflows', { name: 'task', input: job(() => 1), project_id: '7' });
    await own.boss.delete('/projects/7');
    expect((await own.bob.get(`/workflows/${String(body.id)}`)).status).toBe(404);
    expect((await own.ada.get(`/workflows/${String(body.id)}`)).status).toBe(200);
    const again = await own.ada.post('/workflows', { name: 'task', input: job(() => 1), project_id: '7' });
    expect([again.status, again.body.code]).toEqual([404, 'not_found']);
  });
});
