// Notifications: short texts for one user, with a read state shared by all devices.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

export const notificationLevel = z.enum(['info', 'success', 'warning', 'error']);

export const notification = z.object({
  id,
  user_id: id,
  title: z.string(),
  message: z.string(),
  level: notificationLevel,
  project_id: optional(id),
  link: optional(z.string()),
  created_at: z.iso.datetime(),
  read_at: optional(z.iso.datetime()),
});

const data = z.object({ notification });
const audience = (of: z.output<typeof data>) => [rooms.user(of.notification.user_id)];
const example = {
  notification: {
    id: 'n-1',
    user_id: 'ada',
    title: 'Analysis finished',
    message: 'The analysis of Atlas is ready.',
    level: 'success' as const,
    project_id: '42',
    created_at: '2026-01-01T00:00:00.000Z',
  },
};

export const notificationCreated = defineEvent({
  name: 'notification.created',
  class: 'durable',
  data,
  rooms: audience,
  example,
  summary: 'A user has a new notification.',
});

export const notificationUpdated = defineEvent({
  name: 'notification.updated',
  class: 'durable',
  data,
  rooms: audience,
  example: { notification: { ...example.notification, read_at: '2026-01-01T00:05:00.000Z' } },
  summary: 'A notification was read.',
});
