// /github/deliveries
import { Router } from 'express';
import type { GitHubDeliveries } from '../github/deliveries.js';
import { adminOf } from './authenticate.js';
import { listAnswer, listRequest } from './list-query.js';
import { pathId } from './path-id.js';

export function createGitHubDeliveriesRouter(deliveries: Pick<GitHubDeliveries, 'list' | 'replay'>): Router {
  const router = Router();
  router.get('/github/deliveries', async (req, res) => {
    res.json(listAnswer(await deliveries.list(adminOf(res), listRequest(req.query))));
  });
  router.post('/github/deliveries/:id/replay', async (req, res) => {
    res.status(202).json(await deliveries.replay(adminOf(res), pathId(req.params.id)));
  });
  return router;
}
