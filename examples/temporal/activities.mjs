// An activity of Temporal that everybody in a project can watch. Temporal counts its attempts and keeps what it says in
// its heartbeats; the publisher tells of both, so an attempt that Temporal has given up cannot tell of the run any more.
import { ApplicationFailure, Context } from '@temporalio/activity';
import { PublishError } from '@roomcast/server/publisher';

/** @param publisher what `createPublisher` has made, one for the worker */
export function createActivities(publisher) {
  return {
    async analysis({ projectId, pages, failsAt }) {
      const { info, heartbeat, sleep } = Context.current();
      const { workflowId } = info.workflowExecution;
      const run = publisher.run({ workflowId, name: 'analysis', projectId, attempt: info.attempt });
      try {
        await run.started();
        // Pages that an earlier attempt has read are not read again.
        for (let page = (info.heartbeatDetails ?? 0) + 1; page <= pages; page++) {
          await sleep('10 milliseconds');
          if (page === failsAt && info.attempt === 1) throw new Error(`page ${page} cannot be read`);
          heartbeat(page);
          await run.progress({ progress: (100 * page) / pages, current_step: `page ${page}`, total_steps: pages });
        }
        await run.completed({ pages });
        return pages;
      } catch (error) {
        if (error instanceof PublishError && error.code === 'conflict')
          throw ApplicationFailure.nonRetryable(error.message);
        throw error;
      }
    },
  };
}
