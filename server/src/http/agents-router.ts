// /agents
import { id, optional, parseInput, text } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Agents } from '../agents/agents.js';
import { principalOf, publisherOf } from './authenticate.js';
import { jsonObject } from './fields.js';
import { listAnswer, listRequest } from './list-query.js';

// The path may name an agent that is not known yet, so its id is input as the body is.
const agentPath = z.object({ id });
const agentStatus = z.object({
  agent_name: text(500),
  status: text(100),
  availability: z.number().min(0).max(100),
  metadata: optional(jsonObject),
});

export function createAgentsRouter(agents: Agents): Router {
  const router = Router();
  router.get('/agents', async (req, res) => {
    res.json(listAnswer(await agents.list(principalOf(res), listRequest(req.query))));
  });
  router.put('/agents/:id/status', async (req, res) => {
    const caller = publisherOf(res);
    const agentId = parseInput(agentPath, req.params).id;
    res.json(await agents.setStatus(caller, agentId, parseInput(agentStatus, req.body)));
  });
  return router;
}
