// The statements about notifications. A user's notification is found by its user: another's cannot be reached.
import { IsNull, type EntityManager } from 'typeorm';
import { insertIfFree } from '../storage/insert-if-free.js';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { NotificationEntity, type NotificationRow } from './notification-entity.js';

export type Owner = Pick<NotificationRow, 'tenant' | 'userId'>;

/** @returns false when the id is taken */
export async function insertNotification(manager: EntityManager, row: NotificationRow): Promise<boolean> {
  return insertIfFree(manager, NotificationEntity, row);
}

export async function findNotification(
  manager: EntityManager,
  owner: Owner,
  id: string,
): Promise<NotificationRow | null> {
  return manager.findOneBy(NotificationEntity, { ...owner, id });
}

/** @returns false when it was read before, or is not there */
export async function markRead(manager: EntityManager, owner: Owner, id: string, at: Date): Promise<boolean> {
  const { affected } = await manager.update(NotificationEntity, { ...owner, id, readAt: IsNull() }, { readAt: at });
  return affected === 1;
}

export async function listNotifications(
  manager: EntityManager,
  owner: Owner,
  { unreadOnly, ...page }: ListRequest & { unreadOnly: boolean },
): Promise<ListPage<NotificationRow>> {
  const which = unreadOnly ? { ...owner, readAt: IsNull() } : { ...owner };
  return readListPage(manager.createQueryBuilder(NotificationEntity, 'notification').where(which), page);
}

export async function countUnread(manager: EntityManager, owner: Owner): Promise<number> {
  return manager.countBy(NotificationEntity, { ...owner, readAt: IsNull() });
}
