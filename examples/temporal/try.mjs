// Does the activity as a Temporal worker would, without one: an attempt that fails, and the one that Temporal begins
// after it, with what the first has said in its heartbeats: node try.mjs ID
import { createPublisher } from '@roomcast/server/publisher';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from './activities.mjs';

const { ROOMCAST_URL = 'http://127.0.0.1:8000', ROOMCAST_TOKEN: key = '' } = process.env;
const [workflowId = 'wf-temporal'] = process.argv.slice(2);
const publisher = createPublisher({ url: ROOMCAST_URL, key });
const { analysis } = createActivities(publisher);
const workflowExecution = { workflowId, runId: 'run' };
const input = { projectId: '42', pages: 6, failsAt: 4 };

const first = new MockActivityEnvironment({ workflowExecution, attempt: 1 });
let heartbeatDetails;
first.on('heartbeat', (page) => (heartbeatDetails = page));
await first.run(analysis, input).catch((error) => console.log(`attempt 1: ${error.message}`));

const second = new MockActivityEnvironment({ workflowExecution, attempt: 2, heartbeatDetails });
console.log(`attempt 2: ${await second.run(analysis, input)} pages`);

// The worker of the first attempt was not dead, only slow.
const late = new MockActivityEnvironment({ workflowExecution, attempt: 1, heartbeatDetails: 4 });
await late.run(analysis, input).catch((error) => console.log(`attempt 1 again: ${error.message}`));
await publisher.close();
