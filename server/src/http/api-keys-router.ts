// /api-keys
import { parseInput } from '@roomcast/protocol';
import { Router } from 'express';
import { newApiKey, type ApiKeys } from '../identity/api-keys.js';
import { adminOf } from './authenticate.js';
import { listAnswer, listRequest } from './list-query.js';
import { pathId } from './path-id.js';

export function createApiKeysRouter(apiKeys: ApiKeys): Router {
  const router = Router();
  router.post('/api-keys', async (req, res) => {
    const caller = adminOf(res);
    res.status(201).json(await apiKeys.create(caller, parseInput(newApiKey, req.body)));
  });
  router.get('/api-keys', async (req, res) => {
    const caller = adminOf(res);
    res.json(listAnswer(await apiKeys.list(caller, listRequest(req.query))));
  });
  router.delete('/api-keys/:id', async (req, res) => {
    await apiKeys.revoke(adminOf(res), pathId(req.params.id));
    res.status(204).end();
  });
  return router;
}
