// /instructions
import { id, optional, parseInput, text } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { InstructionStore } from '../agents/instructions.js';
import { principalOf } from './authenticate.js';

const whichProject = z.object({ project_id: optional(id) });
/** Empty: there are none any more. */
const newInstructions = z.object({ content: text(20_000, 0) });

export function createInstructionsRouter(instructions: InstructionStore): Router {
  const router = Router();
  router.get('/instructions', async (req, res) => {
    const { project_id: projectId = null } = parseInput(whichProject, req.query);
    res.json(await instructions.find(principalOf(res), projectId));
  });
  router.put('/instructions', async (req, res) => {
    const { project_id: projectId = null } = parseInput(whichProject, req.query);
    const { content } = parseInput(newInstructions, req.body);
    res.json(await instructions.replace(principalOf(res), projectId, content));
  });
  return router;
}
