// A host application with one workflow: node analysis.mjs. However the process ends, the next one goes on.
import { setTimeout as pause } from 'node:timers/promises';
import { createRoomcast, defineWorkflow } from '@roomcast/server';
import { z } from 'zod';

const analysis = defineWorkflow({
  name: 'analysis',
  title: 'Analysis',
  input: z.object({ pages: z.int().min(1).max(1000) }),
  retry: { attempts: 5, firstMs: 500 },
  timeoutMs: 120_000,
  steps: [
    {
      name: 'read',
      async run({ input, progress, signal }) {
        for (let page = 1; page <= input.pages; page++) {
          await pause(50, undefined, { signal }); // the signal is aborted when somebody cancels
          progress({ step_progress: (100 * page) / input.pages, logs: [`page ${page}`] });
        }
        return { requirements: 2 * input.pages };
      },
    },
    {
      name: 'match',
      async run({ progress, signal }, { read }) {
        for (let matched = 1; matched <= read.requirements; matched++) {
          await pause(25, undefined, { signal });
          progress({ step_progress: (100 * matched) / read.requirements });
        }
        return { matched: read.requirements };
      },
    },
  ],
});

const roomcast = await createRoomcast({ settings: process.env, workflows: [analysis] });
console.log(`listening on ${await roomcast.start()}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void roomcast.stop());
