// A host application as a process of its own, to be killed: its workflows write down what they do, in a file that
// outlives them.
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { createRoomcast, defineWorkflow } from '@roomcast/server';
import { z } from 'zod';

const { NOTES: notes, ...settings } = process.env;
const note = (line) => appendFileSync(notes, `${line}\n`);
const kill = () => process.kill(process.pid, 'SIGKILL');
const forever = () => new Promise(() => {});
const aborted = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const step = (number) => ({
  name: `step ${number}`,
  async run({ attempt, input, progress, signal }) {
    note(`${input.label} step ${number} attempt ${attempt}`);
    for (let part = 1; part <= 4; part++) progress({ step_progress: part * 20, logs: [`part ${part}`] });
    if (number === input.hangs && attempt === 1) await (input.listens ? aborted(signal) : forever());
    return number;
  },
});

/** Five steps, one of which hangs in the first attempt. */
const fiveSteps = defineWorkflow({
  name: 'five-steps',
  input: z.object({ label: z.string(), hangs: z.int().optional(), listens: z.boolean().optional() }),
  steps: [1, 2, 3, 4, 5].map(step),
});

/** Starts a run in a transaction, and is killed before or after its commit. */
const killer = defineWorkflow({
  name: 'killer',
  input: z.object({ id: z.string(), when: z.enum(['before', 'after']) }),
  async run({ attempt, tenant, input: { id, when } }) {
    if (attempt > 1) return;
    await roomcast.dataSource.transaction(async (manager) => {
      await roomcast.workflows.in(manager).start(fiveSteps, { label: id }, { id, tenant });
      if (when === 'before') kill();
    });
    kill();
  },
});

/** Tells without end, until nobody listens any more. */
const ticker = defineWorkflow({
  name: 'ticker',
  input: z.object({}),
  async run({ progress }) {
    try {
      for (let tick = 0; ; tick++) {
        progress({ progress: Math.min(99, tick), current_step: 'there' });
        await pause(20);
      }
    } catch (error) {
      note(`ticker ${error.code}`);
      throw error;
    }
  },
});

/** Is done after two seconds, whatever has become of it meanwhile. */
const finisher = defineWorkflow({
  name: 'finisher',
  input: z.object({}),
  async run({ step }) {
    const end = Date.now() + 2_000;
    while (Date.now() < end) await pause(5);
    const outcome = await step('last', () => 'there').catch((error) => error.code);
    note(`finisher ${outcome}`);
    return 'there';
  },
});

const roomcast = await createRoomcast({ settings, workflows: [fiveSteps, killer, ticker, finisher] });
process.on('SIGTERM', () => void roomcast.stop());
await roomcast.start();
