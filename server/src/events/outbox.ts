// Where a caller's own transaction leaves its events, and the relay that moves them to the log once it has committed.
// Inside the transaction nothing is locked: a stream's counter held by a slow transaction would stop all its writers.
import { v7 as uuid } from 'uuid';
import type { EntityManager } from 'typeorm';
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';
import { onCommit } from '../storage/transaction.js';
import type { LogWriter, NewRow } from './log-writer.js';

/** Rows whose commit nobody told of (a host's own data source, a crash in between) are found after this time. */
const POLL_MS = 250;

export interface Outbox {
  /** Adds a row to the caller's transaction. @returns the id that the event will have */
  add(manager: EntityManager, row: NewRow): Promise<string>;
  /** Begins to relay. @returns stops it; resolves when nothing is under way */
  start(): () => Promise<void>;
}

interface Deps {
  writer: Pick<LogWriter, 'drain'>;
  clock: Clock;
  failed: (error: unknown) => void;
}

const INSERT = `
insert into outbox (stream, id, event, version, rooms, data, state_key, ends, scope, key, hash)
values ($1, $2::uuid, $3, $4, $5::text[], $6, $7, $8::jsonb, $9, $10, $11)`;

export function createOutbox({ writer, clock, failed }: Deps): Outbox {
  // Whoever changes something and then asks, or subscribes, finds the event of the change in the log.
  const relay = () => writer.drain().catch(failed);

  return {
    async add(manager, row) {
      // First of all: it refuses a manager that is in no transaction.
      onCommit(manager, relay);
      const id = uuid();
      const { scope = null, key = null, hash = null } = row.idempotency ?? {};
      const ends = row.ends ? JSON.stringify(row.ends) : null;
      const event = [row.stream, id, row.event, row.version, row.rooms, row.data, row.key, ends];
      await manager.query(INSERT, [...event, scope, key, hash]);
      return id;
    },
    start: () => repeat(clock, POLL_MS, () => writer.drain(), failed),
  };
}
