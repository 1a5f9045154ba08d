// A snapshot and the position that it is true at: what the events up to the position have told is in it, and what comes
// after it is not. With the events after the position there is then no gap and no overlap.
import type { Position } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { query } from '../storage/query.js';
import { transact } from '../storage/transaction.js';
import type { LogWriter } from './log-writer.js';
import type { StreamKey } from './log-row.js';

/** Tries at a moment in which nothing of a stream waits for its number, before a read may overlap with an event. */
const TRIES = 10;

export type PositionedRead = <Value>(
  stream: StreamKey,
  read: (manager: EntityManager) => Promise<Value>,
) => Promise<{ position: Position; value: Value }>;

const MOMENT = `
select coalesce((select head from streams where stream = $1), 0) as "offset", epoch,
  exists (select 1 from outbox where stream = $1) as pending
from log_epoch`;

interface Moment extends Position {
  /** A change is visible whose event has no number yet. */
  pending: boolean;
}

export function createPositionedRead({
  dataSource,
  writer,
}: {
  dataSource: DataSource;
  writer: Pick<LogWriter, 'drain'>;
}): PositionedRead {
  return async (stream, read) => {
    for (let tries = 1; ; tries++) {
      const { pending, position, value } = await transact(dataSource, 'REPEATABLE READ', async (manager) => {
        const [moment] = await query<Moment>(manager, MOMENT, [stream]);
        if (!moment) throw new Error('the log has no epoch: its migration has not run');
        const { offset, epoch } = moment;
        return { pending: moment.pending, position: { offset, epoch }, value: await read(manager) };
      });
      if (!pending || tries === TRIES) return { position, value };
      await writer.drain();
    }
  };
}
