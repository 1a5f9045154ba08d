// A BullMQ worker whose jobs everybody in a project can watch: node worker.mjs
// The queue does what it does – order, retries, Redis – and the publisher tells of it.
import { setTimeout as pause } from 'node:timers/promises';
import { createPublisher, PublishError } from '@roomcast/server/publisher';
import { UnrecoverableError, Worker } from 'bullmq';

const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: key = '' } = process.env;
const { REDIS_HOST: host = '127.0.0.1', REDIS_PORT: port = '6379' } = process.env;
const publisher = createPublisher({ url: ROOMCAST_URL, key });

async function work(job) {
  const { projectId, pages, failsAt } = job.data;
  const attempt = job.attemptsMade + 1;
  const run = publisher.run({ workflowId: job.id, name: job.name, projectId, attempt });
  await run.started();
  try {
    for (let page = 1; page <= pages; page++) {
      await pause(10);
      if (page === failsAt && attempt === 1) throw new Error(`page ${page} cannot be read`);
      await run.progress({ progress: (100 * page) / pages, current_step: `page ${page}`, total_steps: pages });
    }
    const result = { pages };
    await run.completed(result);
    return result;
  } catch (error) {
    // Another worker has taken the job over: there is nothing to tell, and nothing to try again.
    if (error instanceof PublishError && error.code === 'conflict') throw new UnrecoverableError(error.message);
    if (attempt >= job.opts.attempts) await run.failed({ code: 'error', message: error.message });
    throw error;
  }
}

const worker = new Worker('analysis', work, { connection: { host, port: Number(port) } });
worker.on('ready', () => console.log('waiting for jobs'));
worker.on('completed', (job) => console.log(`${job.id}: done in attempt ${job.attemptsMade}`));
worker.on('failed', (job, error) => console.log(`${job?.id}: ${error.message}`));
worker.on('error', (error) => console.error(error.message));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await worker.close();
    await publisher.close();
  });
}
