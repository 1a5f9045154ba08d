// /users
import { parseInput } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Users } from '../identity/users.js';
import { adminOf, principalOf } from './authenticate.js';
import { pathId } from './path-id.js';

const userChanges = z.object({ active: z.boolean() });

export function createUsersRouter(users: Users): Router {
  const router = Router();
  router.get('/users/:id', async (req, res) => {
    res.json(await users.find(principalOf(res), pathId(req.params.id)));
  });
  router.patch('/users/:id', async (req, res) => {
    const caller = adminOf(res);
    const { active } = parseInput(userChanges, req.body);
    res.json(await users.setActive(caller, pathId(req.params.id), active));
  });
  return router;
}
