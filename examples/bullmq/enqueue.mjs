// Puts a job into the queue of worker.mjs: node enqueue.mjs ID [PAGES] [FAILS_AT]
import { Queue } from 'bullmq';

const { REDIS_HOST: host = '127.0.0.1', REDIS_PORT: port = '6379' } = process.env;
const [jobId, pages = 5, failsAt = 0] = process.argv.slice(2);
const queue = new Queue('analysis', { connection: { host, port: Number(port) } });
const data = { projectId: '42', pages: Number(pages), failsAt: Number(failsAt) };
await queue.add('analysis', data, { jobId, attempts: 2, backoff: { type: 'fixed', delay: 100 } });
console.log(`${jobId} is in the queue`);
await queue.close();
