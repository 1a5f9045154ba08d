// GitHub deliveries: taken in and stored before GitHub has its answer, processed at once afterwards, kept to be looked
// at and replayed. The same delivery is stored once, however often it comes.
import { RoomcastError } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Principal } from '../identity/principal.js';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { Delivery } from './delivery.js';
import type { DeliveryStatus, InboxRow } from './inbox-entity.js';
import * as inbox from './inbox-store.js';
import { createProcessor, type ProcessorDeps } from './processor.js';
import { startRoutine } from '../ops/routine.js';
import type { TenantScope } from './signature.js';

/** A delivery as admins see it. */
export interface ListedDelivery {
  id: string;
  hook_id: string;
  delivery_id: string;
  github_event: string;
  action: string | null;
  /** `host/owner/name`. */
  repository: string | null;
  status: DeliveryStatus;
  attempts: number;
  last_error: string | null;
  replays: number;
  received_at: string;
  processed_at: string | null;
}

export interface GitHubDeliveries {
  /**
   * Stores a delivery; when this resolves it will be processed, whatever happens to the process.
   * @param scope whose projects it may reach
   * @returns the platform's id of it, and whether it had come before. One that had come and failed, or found no
   *   project, is processed again.
   */
  receive: (delivery: Delivery, scope: TenantScope) => Promise<{ id: string; duplicate: boolean }>;
  /** What has reached the caller's tenant or came by its secret, the newest first. The caller must be an admin. */
  list(caller: Principal, page: ListRequest): Promise<ListPage<ListedDelivery>>;
  /**
   * Processes a stored delivery again, as the platform would today, for the caller's tenant: the event is a new one.
   * One that is still to be processed is only tried at once. The caller must be an admin.
   * @throws RoomcastError `not_found`; `conflict` while it is being replayed for another tenant
   */
  replay(caller: Principal, id: string): Promise<ListedDelivery>;
  /** Takes up what a process before this one has left. */
  start(): void;
  /** Resolves when nothing is being processed any more. */
  stop(): Promise<void>;
}

/** GitHub lets people ask for a redelivery for some days; a month of deliveries tells them all from new ones. */
const KEEP_DAYS = 30;
const DAY_MS = 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

export function createGitHubDeliveries(deps: ProcessorDeps): GitHubDeliveries {
  const { dataSource, clock, logger } = deps;
  const processor = createProcessor(deps);
  let stopForgetting = () => Promise.resolve();

  const forget = () => inbox.removeDeliveries(dataSource, new Date(Date.now() - KEEP_DAYS * DAY_MS));

  return {
    async receive(delivery, scope) {
      const row = { ...delivery, id: newId(), receivedAt: new Date(), tenants: scope === 'every' ? [] : scope };
      const inserted = await inbox.insertDelivery(dataSource, row);
      if (!inserted) await inbox.takeUpAgain(dataSource, row);
      const id = inserted ? row.id : await inbox.idOfDelivery(dataSource, row);
      processor.wake(delivery.repositoryKey);
      return { id, duplicate: !inserted };
    },

    async list({ tenant }, page) {
      return mapListPage(await inbox.listDeliveries(dataSource.manager, tenant, page), listed);
    },

    async replay({ tenant }, id) {
      const row = await inTransaction(dataSource, async (manager) => {
        await queue(manager, tenant, (await inbox.lockDelivery(manager, tenant, id)) ?? notFound());
        return (await inbox.lockDelivery(manager, tenant, id)) ?? notFound();
      });
      processor.wake(row.repositoryKey);
      return listed(row);
    },

    start() {
      processor.start();
      stopForgetting = startRoutine(clock, FORGET_EVERY_MS, forget, (err) => {
        logger.warn({ err }, 'old GitHub deliveries could not be removed');
      });
    },

    async stop() {
      await stopForgetting();
      await processor.stop();
    },
  };
}

async function queue(manager: EntityManager, tenant: string, row: InboxRow): Promise<void> {
  if (row.status !== 'pending') return inbox.queueReplay(manager, row.id, tenant);
  if (row.replayTenant !== null && row.replayTenant !== tenant) {
    throw new RoomcastError('conflict', 'The delivery is being replayed; ask again when that is done.');
  }
  await inbox.tryAtOnce(manager, row.id);
}

function notFound(): never {
  throw new RoomcastError('not_found');
}

function listed(row: InboxRow): ListedDelivery {
  return {
    id: row.id,
    hook_id: row.hookId,
    delivery_id: row.deliveryId,
    github_event: row.gitHubEvent,
    action: row.action,
    repository: row.repositoryKey || null,
    status: row.status,
    attempts: row.attempts,
    last_error: row.lastError,
    replays: row.replays,
    received_at: row.createdAt.toISOString(),
    processed_at: row.processedAt?.toISOString() ?? null,
  };
}
