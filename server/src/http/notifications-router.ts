// /notifications
import { id, notificationLevel, optional, parseInput, text } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Notifications } from '../notifications/notifications.js';
import { principalOf, publisherOf } from './authenticate.js';
import { listAnswer, listRequest } from './list-query.js';
import { pathId } from './path-id.js';

const newNotification = z.object({
  id: optional(id),
  user_id: id,
  title: text(500),
  message: text(20_000, 0),
  level: optional(notificationLevel),
  project_id: optional(id),
  link: optional(text(2048)),
});
const which = z.object({ unread: optional(z.enum(['true', 'false'])) });

export function createNotificationsRouter(notifications: Notifications): Router {
  const router = Router();
  router.post('/notifications', async (req, res) => {
    const caller = publisherOf(res);
    const { level = 'info', ...input } = parseInput(newNotification, req.body);
    res.status(201).json(await notifications.create(caller, { level, ...input }));
  });
  router.get('/notifications', async (req, res) => {
    const unreadOnly = parseInput(which, req.query).unread === 'true';
    const page = await notifications.list(principalOf(res), { ...listRequest(req.query), unreadOnly });
    res.json({ ...listAnswer(page), unread: page.unread });
  });
  router.post('/notifications/:id/read', async (req, res) => {
    res.json(await notifications.markRead(principalOf(res), pathId(req.params.id)));
  });
  return router;
}
