// The statements about the inbox. Deliveries of one repository are processed in the order of `seq`: a redelivery that
// is taken up again, and a replay, go to the end.
import type { DataSource, EntityManager } from 'typeorm';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { query } from '../storage/query.js';
import type { Delivery } from './delivery.js';
import { InboxEntity, type DeliveryStatus, type InboxRow } from './inbox-entity.js';

/** What makes two deliveries the same one. */
export interface DeliveryKey {
  readonly hookId: string;
  readonly deliveryId: string;
  /** Those of its secret, in order; empty: every tenant. */
  readonly tenants: readonly string[];
}

/** A delivery that is to be processed. */
export interface PendingDelivery {
  readonly id: string;
  readonly tenants: readonly string[];
  readonly github_event: string;
  readonly payload: string;
  readonly attempts: number;
  readonly replays: number;
  /** The replay is for this tenant only. */
  readonly replay_tenant: string | null;
}

const SAME = 'hook_id = $1 and delivery_id = $2 and tenants = $3';
const AGAIN = `status = 'pending', attempts = 0, last_error = null, due_at = now(), seq = default`;

/** @returns false when the delivery is there already; nothing was written then */
export async function insertDelivery(
  on: DataSource,
  row: Delivery & DeliveryKey & { id: string; receivedAt: Date },
): Promise<boolean> {
  const inserted = await query(
    on,
    `insert into github_inbox
       (id, hook_id, delivery_id, tenants, github_event, action, repository_key, payload, received_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (hook_id, delivery_id, tenants) do nothing returning id`,
    [
      row.id,
      row.hookId,
      row.deliveryId,
      row.tenants,
      row.gitHubEvent,
      row.action,
      row.repositoryKey,
      row.payload,
      row.receivedAt,
    ],
  );
  return inserted.length === 1;
}

/** A delivery that has come again is processed again, unless it is still to be or has had its effect. */
export async function takeUpAgain(on: DataSource, { hookId, deliveryId, tenants }: DeliveryKey): Promise<void> {
  await query(
    on,
    `update github_inbox set ${AGAIN}, replay_tenant = null
     where ${SAME} and status in ('failed', 'unmatched') and processed_at is null`,
    [hookId, deliveryId, tenants],
  );
}

export async function idOfDelivery(on: DataSource, { hookId, deliveryId, tenants }: DeliveryKey): Promise<string> {
  const [row] = await query<{ id: string }>(on, `select id from github_inbox where ${SAME}`, [
    hookId,
    deliveryId,
    tenants,
  ]);
  if (!row) throw new Error(`the delivery ${deliveryId} is not in the inbox`);
  return row.id;
}

/** Repositories with a delivery whose time has come. */
export async function dueRepositories(on: DataSource): Promise<string[]> {
  const rows = await query<{ repository_key: string }>(
    on,
    `select distinct repository_key from github_inbox where status = 'pending' and due_at <= now()`,
  );
  return rows.map((row) => row.repository_key);
}

/**
 * The repository's oldest pending delivery. Until the transaction ends nobody else gets it, nor any later one: whoever
 * asks waits, and then finds the next.
 * @returns null when there is none, milliseconds when its time has not come
 */
export async function lockNext(
  manager: EntityManager,
  repositoryKey: string,
): Promise<PendingDelivery | number | null> {
  const [row] = await query<Omit<PendingDelivery, 'payload'> & { payload: string | null; wait_ms: number }>(
    manager,
    `select id, tenants, github_event, attempts, replays, replay_tenant,
       case when due_at <= clock_timestamp() then payload end as payload,
       ceil(extract(epoch from due_at - clock_timestamp()) * 1000)::integer as wait_ms
     from github_inbox where status = 'pending' and repository_key = $1 order by seq limit 1 for update`,
    [repositoryKey],
  );
  if (!row) return null;
  const { payload, wait_ms, ...delivery } = row;
  return payload === null ? Math.max(wait_ms, 1) : { ...delivery, payload };
}

/** @param reached tenants in which it became events */
export async function finishDelivery(
  manager: EntityManager,
  id: string,
  status: Extract<DeliveryStatus, 'done' | 'unmatched'>,
  reached: readonly string[],
): Promise<void> {
  await query(
    manager,
    `update github_inbox set status = $2, attempts = attempts + 1, last_error = null,
       processed_at = case when $2 = 'done' then now() else processed_at end
     where id = $1`,
    [id, status],
  );
  await query(
    manager,
    `insert into github_inbox_tenants (inbox_id, tenant) select $1, unnest($2::text[]) on conflict do nothing`,
    [id, reached],
  );
}

/** @param retryInMs null: there will be no further attempt */
export async function recordFailure(
  on: DataSource,
  { id, attempts }: PendingDelivery,
  error: string,
  retryInMs: number | null,
): Promise<void> {
  await query(
    on,
    `update github_inbox set status = case when $4::integer is null then 'failed' else 'pending' end,
       attempts = $2, last_error = $3, due_at = now() + coalesce($4::integer, 0) * interval '1 millisecond'
     where id = $1 and status = 'pending'`,
    [id, attempts + 1, error, retryInMs],
  );
}

// Those that it reached see it, and those of its secret. What came by a secret of every tenant and reached nobody is
// everybody's to look at.
const VISIBLE = `(
  :tenant = any (delivery.tenants)
  or exists (select from github_inbox_tenants t where t.inbox_id = delivery.id and t.tenant = :tenant)
  or cardinality(delivery.tenants) = 0
    and not exists (select from github_inbox_tenants t where t.inbox_id = delivery.id))`;

export async function listDeliveries(
  manager: EntityManager,
  tenant: string,
  page: ListRequest,
): Promise<ListPage<InboxRow>> {
  return readListPage(manager.createQueryBuilder(InboxEntity, 'delivery').where(VISIBLE, { tenant }), page);
}

/** Until the transaction ends, nobody else changes or processes it. */
export async function lockDelivery(manager: EntityManager, tenant: string, id: string): Promise<InboxRow | null> {
  const visible = manager.createQueryBuilder(InboxEntity, 'delivery').where(VISIBLE, { tenant });
  return visible.andWhere('delivery.id = :id', { id }).setLock('pessimistic_write').getOne();
}

/** Lets it be processed again, for one tenant. */
export async function queueReplay(manager: EntityManager, id: string, tenant: string): Promise<void> {
  await query(manager, `update github_inbox set ${AGAIN}, replays = replays + 1, replay_tenant = $2 where id = $1`, [
    id,
    tenant,
  ]);
}

/** Ends its waiting for a next attempt. */
export async function tryAtOnce(manager: EntityManager, id: string): Promise<void> {
  await query(manager, 'update github_inbox set due_at = now() where id = $1', [id]);
}

/** Forgets what has come before and is not to be processed any more. */
export async function removeDeliveries(on: DataSource, before: Date): Promise<void> {
  await query(on, `delete from github_inbox where received_at < $1 and status <> 'pending'`, [before]);
}
