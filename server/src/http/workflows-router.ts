// /workflows
import { id, newWorkflow, optional, parseInput, workflowProgress, workflowStatus } from '@roomcast/protocol';
import { Router, type Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../identity/principal.js';
import type { OutsideProgress } from '../workflows/outside-progress.js';
import type { Workflows } from '../workflows/workflows.js';
import { principalOf, publisherOf } from './authenticate.js';
import { listAnswer, listRequest } from './list-query.js';
import { pathId } from './path-id.js';

const progress = workflowProgress.data.omit({ workflow_id: true });
const filter = z.object({ project_id: optional(id), status: optional(workflowStatus) });

interface Deps {
  workflows: Pick<Workflows, 'start' | 'list' | 'find' | 'cancel'>;
  outside: Pick<OutsideProgress, 'report'>;
  /** Counts what is also a command against the caller's rate. @throws RoomcastError `rate_limited` */
  take(caller: Principal): void;
}

export function createWorkflowsRouter({ workflows, outside, take }: Deps): Router {
  const router = Router();
  const commander = (res: Response): Principal => {
    const caller = principalOf(res);
    take(caller);
    return caller;
  };
  router.post('/workflows', async (req, res) => {
    res.status(202).json(await workflows.start(commander(res), parseInput(newWorkflow, req.body)));
  });
  router.get('/workflows', async (req, res) => {
    const { project_id: projectId, status } = parseInput(filter, req.query);
    const page = { ...listRequest(req.query), projectId, status };
    res.json(listAnswer(await workflows.list(principalOf(res), page)));
  });
  router.get('/workflows/:id', async (req, res) => {
    res.json(await workflows.find(commander(res), pathId(req.params.id)));
  });
  router.post('/workflows/:id/cancel', async (req, res) => {
    res.status(202).json(await workflows.cancel(commander(res), pathId(req.params.id)));
  });
  router.post('/workflows/:id/progress', async (req, res) => {
    const caller = publisherOf(res);
    take(caller);
    const report = { ...parseInput(progress, req.body), workflow_id: pathId(req.params.id) };
    res.json(await outside.report(caller.tenant, report));
  });
  return router;
}
