// Notifications: publishers write them, their user reads them; each change and its event are one transaction.
import { RoomcastError, type BuiltInCatalogue, type notification } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { z } from 'zod';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Principal } from '../identity/principal.js';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { NotificationRow } from './notification-entity.js';
import * as store from './notification-store.js';

/** A notification as its events and callers see it. */
export type Notification = z.output<typeof notification>;

export interface NewNotification {
  id?: string | undefined;
  user_id: string;
  title: string;
  message: string;
  level: Notification['level'];
  project_id?: string | undefined;
  link?: string | undefined;
}

export interface Notifications {
  /** The caller must be a publisher. @throws RoomcastError `conflict` when the id is taken */
  create(caller: Principal, input: NewNotification): Promise<Notification>;
  /** The same for a part of the platform, in its own transaction. */
  createIn(manager: EntityManager, from: { tenant: string; caller: string }, input: NewNotification): Promise<void>;
  /** The caller's own, newest first, and how many of all of them are unread. */
  list(
    caller: Principal,
    page: ListRequest & { unreadOnly: boolean },
  ): Promise<ListPage<Notification> & { unread: number }>;
  /** Marks one of the caller's own as read; when it is already, nothing happens. @throws RoomcastError `not_found` */
  markRead(caller: Principal, id: string): Promise<Notification>;
}

export interface NotificationsDeps {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  /** Makes the row of a user who was not seen yet. */
  ensureUser(manager: EntityManager, tenant: string, userId: string): Promise<void>;
}

export function createNotifications(deps: NotificationsDeps): Notifications {
  const { dataSource, broadcaster } = deps;
  return {
    create: ({ tenant, userId: caller }, input) =>
      inTransaction(dataSource, (manager) => createIn(deps, manager, { tenant, caller }, input)),

    async createIn(manager, from, input) {
      await createIn(deps, manager, from, input);
    },

    async list({ tenant, userId }, page) {
      const owner = { tenant, userId };
      const rows = await store.listNotifications(dataSource.manager, owner, page);
      return { ...mapListPage(rows, notificationOf), unread: await store.countUnread(dataSource.manager, owner) };
    },

    async markRead({ tenant, userId }, id) {
      const owner = { tenant, userId };
      return inTransaction(dataSource, async (manager) => {
        const first = await store.markRead(manager, owner, id, new Date());
        const row = await store.findNotification(manager, owner, id);
        if (!row) throw new RoomcastError('not_found');
        const read = notificationOf(row);
        const from = { tenant, caller: userId };
        if (first) await broadcaster.in(manager).emit('notification.updated', { notification: read }, from);
        return read;
      });
    },
  };
}

async function createIn(
  { broadcaster, ensureUser }: NotificationsDeps,
  manager: EntityManager,
  from: { tenant: string; caller: string },
  input: NewNotification,
): Promise<Notification> {
  const row = newRow(from.tenant, input);
  await ensureUser(manager, row.tenant, row.userId);
  if (!(await store.insertNotification(manager, row))) {
    throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
  }
  const created = notificationOf(row);
  await broadcaster.in(manager).emit('notification.created', { notification: created }, from);
  return created;
}

function newRow(tenant: string, input: NewNotification): NotificationRow {
  return {
    tenant,
    id: input.id ?? newId(),
    userId: input.user_id,
    title: input.title,
    message: input.message,
    level: input.level,
    projectId: input.project_id ?? null,
    link: input.link ?? null,
    createdAt: new Date(),
    readAt: null,
  };
}

function notificationOf(row: NotificationRow): Notification {
  return {
    id: row.id,
    user_id: row.userId,
    title: row.title,
    message: row.message,
    level: row.level,
    ...(row.projectId === null ? {} : { project_id: row.projectId }),
    ...(row.link === null ? {} : { link: row.link }),
    created_at: row.createdAt.toISOString(),
    ...(row.readAt === null ? {} : { read_at: row.readAt.toISOString() }),
  };
}
