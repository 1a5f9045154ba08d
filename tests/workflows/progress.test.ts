// What work tells of itself on its way, and what those who come late are told of it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { defineWorkflow } from '@roomcast/server';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import type { PlainClient } from '../support/plain-client.js';
import { teamAt, type Team } from '../support/team.js';
import { openHost, type Host } from './host.js';
import { createGate, job, task, type Job } from './jobs.js';
import { ends, progressOf, told } from './told.js';

const gates = { read: createGate(), match: createGate() };
const inSteps = defineWorkflow({
  name: 'in-steps',
  input: z.object({ pages: z.int() }),
  steps: [
    {
      name: 'read',
      async run({ input, progress }) {
        progress({ step_progress: 50, logs: ['half of it'] });
        await gates.read.passed;
        return input.pages;
      },
    },
    {
      name: 'match',
      async run(_context, { read }) {
        await gates.match.passed;
        return { matched: read };
      },
    },
  ],
});

let host: Host;
let team: Team;
const clients: PlainClient[] = [];

beforeAll(async () => {
  host = await openHost({ workflows: [task, inSteps] });
  team = teamAt(host.url);
}, 120_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => host.close());

async function listen(): Promise<PlainClient> {
  const client = await team.ada.listen('global');
  clients.push(client);
  return client;
}

async function start(work: Job): Promise<{ id: string; tenant: string }> {
  const { tenant } = team;
  const { id } = await host.roomcast.workflows.start(task, job(work), { tenant });
  return { id, tenant };
}

describe('progress', () => {
  it('counts finished steps by itself, and is part of the first ack of whoever comes late', async () => {
    const client = await listen();
    const { id } = await host.roomcast.workflows.start(inSteps, { pages: 12 }, { tenant: team.tenant });
    const first = { status: 'running', progress: 25, current_step: 'read', total_steps: 2, attempt: 1 };
    await eventually(() => expect(progressOf(client, id).at(-1)).toMatchObject({ ...first, logs: ['half of it'] }));
    gates.read.open();
    const second = { ...first, progress: 50, current_step: 'match' };
    await eventually(() => expect(progressOf(client, id).at(-1)).toMatchObject(second));
    const late = await team.bob.listen();
    clients.push(late);
    const ack = await late.subscribe('global', { state: true });
    expect(ack.state?.map(({ event, data }) => ({ event, ...data }))).toMatchObject([
      { event: 'workflow.progress', workflow_id: id, ...second },
    ]);
    gates.match.open();
    await eventually(() => expect(ends(client, id)).toHaveLength(1));
    expect(ends(client, id)[0]?.data.result).toEqual({ matched: 12 });
    expect((await late.subscribe('global', { state: true })).state).toEqual([]);
  });

  it('never goes back, and is told before the end however late it comes', async () => {
    const client = await listen();
    const run = await start(({ progress, log }) => {
      progress({ progress: 60, current_step: 'far', total_steps: 4 });
      progress({ progress: 20, current_step: 'near' });
      progress({ progress: 400 });
      log('first', 'second');
      log('third');
    });
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    expect(told(client, run.id).slice(-2)).toMatchObject([
      {
        event: 'workflow.progress',
        data: { progress: 100, current_step: 'near', total_steps: 4, logs: ['first', 'second', 'third'] },
      },
      { event: 'workflow.completed' },
    ]);
  });

  it('estimates how long the rest will take, unless the work knows better', async () => {
    const client = await listen();
    const gate = createGate();
    const run = await start(async ({ progress }) => {
      progress({ progress: 10, eta_seconds: 90 });
      await eventually(() => expect(progressOf(client, run.id).at(-1)).toMatchObject({ eta_seconds: 90 }));
      await new Promise((resolve) => setTimeout(resolve, 600));
      progress({ progress: 50 });
      await gate.passed;
    });
    await eventually(() => expect(progressOf(client, run.id).at(-1)).toMatchObject({ progress: 50 }));
    const { eta_seconds: eta } = progressOf(client, run.id).at(-1)!;
    expect(eta).toBeGreaterThanOrEqual(1);
    expect(eta).toBeLessThan(60);
    gate.open();
    await host.reached(run);
  });

  it('keeps to what an event holds, whatever the work says', async () => {
    const client = await listen();
    const run = await start(({ log, progress }) => {
      for (let line = 1; line <= 150; line++) log(`line ${line}`);
      log('x'.repeat(2_000));
      progress({ current_step: `nul \0 and half \ud800 ${'y'.repeat(600)}` });
    });
    await eventually(() => expect(ends(client, run.id)).toHaveLength(1));
    const { logs, current_step: step } = progressOf(client, run.id).at(-1) as { logs: string[]; current_step: string };
    expect(logs).toHaveLength(100);
    expect([logs[0], logs[1], logs[98]]).toEqual(['… 52 lines are left out', 'line 53', 'line 150']);
    expect(logs[99]).toHaveLength(1_000);
    expect(step).toHaveLength(500);
    expect(step).toMatch(/^nul {2}and half \ufffd y+$/);
    const bad = await start(({ progress }) => progress({ progress: Number.NaN }));
    expect(await host.reached(bad)).toMatchObject({
      status: 'failed',
      error: { message: 'progress: progress takes a number' },
    });
  });
});
