// Taking rights away from live connections, on every node, in the order in which it was decided: a revocation is a row
// of the control stream, written like any event.
import type { EntityManager } from 'typeorm';
import { CONTROL_STREAM } from './log-row.js';
import type { Lease } from '../cluster/lease.js';
import type { LogWriter, NewRow } from './log-writer.js';
import type { Outbox } from './outbox.js';

/** What is taken away. With `room`: that room from the user; without: every connection of the user or key. */
export interface Revocation {
  readonly tenant: string;
  readonly user?: string | undefined;
  readonly key?: string | undefined;
  readonly room?: string | undefined;
  readonly reason: string;
}

export interface Revoker {
  /**
   * Writes the revocation into the caller's transaction. Once that commits, every node applies it within 1 s:
   * the connections leave the room (or are closed) and nothing of it reaches them afterwards.
   */
  revoke(manager: EntityManager, revocation: Revocation): Promise<void>;

  /** Revokes at once; resolves when every node has applied it. For rights that are kept outside the platform. */
  kick(revocation: Revocation): Promise<void>;
}

interface Deps {
  outbox: Outbox;
  writer: Pick<LogWriter, 'append'>;
  lease: Pick<Lease, 'applied'>;
}

export function createRevoker({ outbox, writer, lease }: Deps): Revoker {
  return {
    async revoke(manager, revocation) {
      await outbox.add(manager, controlRow(revocation));
    },
    async kick(revocation) {
      const [row] = await writer.append([controlRow(revocation)]);
      if (row) await lease.applied(row.offset);
    },
  };
}

function controlRow(revocation: Revocation): NewRow {
  return {
    stream: CONTROL_STREAM,
    event: 'revoked',
    version: 1,
    rooms: [],
    data: JSON.stringify(revocation),
    key: null,
    ends: null,
    idempotency: null,
  };
}
