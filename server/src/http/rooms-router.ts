// /rooms: what a room had after a position.
import { optional, PAGE_EVENTS, parseInput } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { ReadEvents } from '../rooms/read-events.js';
import { principalOf } from './authenticate.js';
import { queryInteger } from './list-query.js';

const place = z.object({
  after: optional(queryInteger(0, Number.MAX_SAFE_INTEGER)),
  epoch: optional(z.string()),
  limit: optional(queryInteger(1, PAGE_EVENTS)),
});

export function createRoomsRouter(readEvents: ReadEvents): Router {
  const router = Router();
  router.get('/rooms/:room/events', async (req, res) => {
    const { after: offset = 0, epoch, limit } = parseInput(place, req.query);
    res.json(await readEvents(principalOf(res), { room: req.params.room, offset, epoch, limit }));
  });
  return router;
}
