// Dialect 001, `/ws/notifications`: what a user is notified of.
import { notificationCreated } from '@roomcast/protocol';
import { told, type Dialect } from './dialect.js';
import { answerPing } from './project-progress.js';

export const userNotifications: Dialect<object> = {
  name: '001 notifications',
  at: (path) => (path === '/ws/notifications' ? {} : null),
  echo: answerPing,

  actionIn: 'type',
  actions: {},
  error: ({ message, code }) => ({ type: 'error', operation: null, error: message, code }),

  events: [
    told(notificationCreated, ({ notification }) => {
      const { id, title, message, level, project_id = null, link = null, created_at } = notification;
      return { type: 'notification', id, title, message, level, project_id, link, created_at };
    }),
  ],
};
