// A delivery in the inbox: what came, and how far it is. It stays after it was processed, to be seen, to be told from
// its redelivery, and to be replayed.
import { EntitySchema } from 'typeorm';

/**
 * `pending` until its events are emitted; `unmatched` when there was no project to emit them to; `failed` when every
 * attempt has failed.
 */
export type DeliveryStatus = 'pending' | 'done' | 'unmatched' | 'failed';

export interface InboxRow {
  id: string;
  hookId: string;
  deliveryId: string;
  /** Whose projects it may reach; empty: those of every tenant. */
  tenants: string[];
  gitHubEvent: string;
  action: string | null;
  /** Empty: of no repository. */
  repositoryKey: string;
  payload: string;
  status: DeliveryStatus;
  /** Of the current or last processing. */
  attempts: number;
  lastError: string | null;
  replays: number;
  /** The tenant that the last replay is for; null: it was not replayed. */
  replayTenant: string | null;
  /** When it came. */
  createdAt: Date;
  /** When its events were last emitted. */
  processedAt: Date | null;
}

export const InboxEntity = new EntitySchema<InboxRow>({
  name: 'github_delivery',
  tableName: 'github_inbox',
  columns: {
    id: { type: 'text', primary: true },
    hookId: { type: 'text', name: 'hook_id' },
    deliveryId: { type: 'text', name: 'delivery_id' },
    tenants: { type: 'text', array: true },
    gitHubEvent: { type: 'text', name: 'github_event' },
    action: { type: 'text', nullable: true },
    repositoryKey: { type: 'text', name: 'repository_key' },
    // Up to 25 MB: read only to be processed.
    payload: { type: 'text', select: false },
    status: { type: 'text' },
    attempts: { type: 'integer' },
    lastError: { type: 'text', name: 'last_error', nullable: true },
    replays: { type: 'integer' },
    replayTenant: { type: 'text', name: 'replay_tenant', nullable: true },
    createdAt: { type: 'timestamptz', name: 'received_at' },
    processedAt: { type: 'timestamptz', name: 'processed_at', nullable: true },
  },
});
