// Retention, as shipped, run once while no server does: waiting for its own minute would take one.
import { createRetention } from '../../../server/src/events/retention.js';
import { systemClock } from '../../../server/src/ops/clock.js';
import type { TestDatabase } from '../../support/database.js';
import { openLogNode } from './log-node.js';

/** Leaves the newest events of every stream. */
export async function retain(database: TestDatabase, eventsPerStream: number): Promise<void> {
  const node = await openLogNode(database);
  const failed = (error: unknown) => {
    throw error;
  };
  try {
    await createRetention({ query: node.storage.query, clock: systemClock, days: 7, eventsPerStream, failed }).run();
  } finally {
    await node.close();
  }
}
