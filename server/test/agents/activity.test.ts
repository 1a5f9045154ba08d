import { describe, expect, it } from '@jest/globals';
import { createActivity } from '../../src/agents/activity.js';
import type { AgentStatusInput } from '../../src/agents/agents.js';
import { createManualClock } from '../ops/manual-clock.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function makeActivity() {
  const clock = createManualClock();
  const told: string[] = [];
  const failures: unknown[] = [];
  const state = { running: 0, down: false };
  const activity = createActivity({
    clock,
    nameOf: (id) => id.toUpperCase(),
    async countRunning() {
      await turn();
      if (state.down) throw new Error('down');
      return state.running;
    },
    async tell(tenant, agentId, { agent_name, status, availability, metadata }: AgentStatusInput) {
      const tasks = String(metadata?.active_tasks);
      told.push(`${tenant} ${agentId} ${agent_name} ${status} ${String(availability)} ${tasks}`);
    },
    failed: (error) => failures.push(error),
  });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      await turn();
      await turn();
      clock.pass(50);
    }
    await turn();
  };
  return { activity, told, failures, state, pass };
}

describe('the status of an agent at work', () => {
  it('is busy while it makes answers, and idle when the last is done', async () => {
    const { activity, told, state, pass } = makeActivity();
    state.running = 1;
    activity.changed('acme', 'code');
    await pass(300);
    state.running = 0;
    activity.changed('acme', 'code');
    await pass(300);
    expect(told).toEqual(['acme code CODE busy 99 1', 'acme code CODE idle 100 0']);
  });

  it('is told once for changes that come together, with what is true at the end', async () => {
    const { activity, told, state, pass } = makeActivity();
    for (let count = 1; count <= 50; count++) {
      state.running = count;
      activity.changed('acme', 'code');
    }
    await pass(1_000);
    expect(told).toEqual(['acme code CODE busy 50 50']);
    await activity.idle();
  });

  it('is looked up again with the next change when that has failed', async () => {
    const { activity, told, failures, state, pass } = makeActivity();
    state.down = true;
    activity.changed('acme', 'code');
    await pass(100);
    expect(failures).toHaveLength(1);
    state.down = false;
    activity.changed('acme', 'code');
    await pass(300);
    expect(told).toEqual(['acme code CODE idle 100 0']);
  });
});
