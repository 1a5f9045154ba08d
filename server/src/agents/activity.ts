// Whether agents are at work, told as their status: busy while they make answers in a tenant, on whichever node, idle
// when the last is done. Changes that come together are told as one.
import type { Clock } from '../ops/clock.js';
import type { AgentStatusInput } from './agents.js';

interface Deps {
  clock: Pick<Clock, 'after'>;
  /** How many answers an agent makes in a tenant just now, on all nodes. */
  countRunning: (tenant: string, agentId: string) => Promise<number>;
  tell: (tenant: string, agentId: string, status: AgentStatusInput) => Promise<unknown>;
  nameOf: (agentId: string) => string;
  failed: (error: unknown) => void;
}

export interface Activity {
  /** Something has changed; it will be looked up and told. */
  changed(tenant: string, agentId: string): void;
  /** Resolves when all that has changed was told. */
  idle(): Promise<void>;
}

/** At most so often for one agent of a tenant. */
const PAUSE_MS = 250;
/** How many answers make an agent take no more, as far as the number tells that is shown to people. */
const FULL = 100;

export function createActivity({ clock, countRunning, tell, nameOf, failed }: Deps): Activity {
  const changes = new Map<string, { again: boolean; done: Promise<void> }>();

  async function follow(key: string, tenant: string, agentId: string): Promise<void> {
    let told: number | null = null;
    for (let change; (change = changes.get(key))?.again;) {
      change.again = false;
      const running = await countRunning(tenant, agentId);
      if (running !== told) await tell(tenant, agentId, statusOf(nameOf(agentId), running));
      told = running;
      await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
    }
  }

  return {
    changed(tenant, agentId) {
      const key = `${tenant}/${agentId}`;
      const known = changes.get(key);
      if (known) {
        known.again = true;
        return;
      }
      const change = { again: true, done: Promise.resolve() };
      changes.set(key, change);
      change.done = follow(key, tenant, agentId)
        .catch(failed)
        .then(() => void changes.delete(key));
    },
    async idle() {
      while (changes.size > 0) await Promise.all([...changes.values()].map(({ done }) => done));
    },
  };
}

function statusOf(agent_name: string, running: number): AgentStatusInput {
  const availability = Math.max(0, Math.round(100 * (1 - running / FULL)));
  return { agent_name, status: running > 0 ? 'busy' : 'idle', availability, metadata: { active_tasks: running } };
}
