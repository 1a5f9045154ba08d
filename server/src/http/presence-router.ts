// /presence: who of some users is online.
import { parseInput, presenceGet } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Principal } from '../identity/principal.js';
import type { Presence } from '../presence/presence.js';
import { principalOf } from './authenticate.js';

const listOfIds = z.union([z.string(), z.array(z.string())], { message: 'takes user ids separated by commas' });
const asked = z.object({ user_ids: listOfIds });

/** @param get counts what it is asked */
export function createPresenceRouter(
  get: (caller: Principal, ids: readonly string[]) => ReturnType<Presence['get']>,
): Router {
  const router = Router();
  router.get('/presence', async (req, res) => {
    const { user_ids: given } = parseInput(asked, req.query);
    const ids = [given].flat().flatMap((text) => text.split(','));
    const { user_ids } = parseInput(presenceGet.payload, { user_ids: ids.filter((id) => id !== '') });
    res.json({ users: await get(principalOf(res), user_ids) });
  });
  return router;
}
