// One node's door to the log, as shipped: storage, log writer and outbox. What the writer announces is kept, to be held
// against the log.
import { createEventLog, type EventLog } from '../../../server/src/events/event-log.js';
import type { LogRow } from '../../../server/src/events/log-row.js';
import { createLogWriter, type LogWriter } from '../../../server/src/events/log-writer.js';
import { createOutbox, type Outbox } from '../../../server/src/events/outbox.js';
import { systemClock } from '../../../server/src/ops/clock.js';
import { migrations } from '../../../server/src/storage/migrations.js';
import { createStorage, type Storage } from '../../../server/src/storage/storage.js';
import type { TestDatabase } from '../../support/database.js';

export interface LogNode {
  readonly storage: Storage;
  readonly log: EventLog;
  readonly writer: LogWriter;
  readonly outbox: Outbox;
  /** All rows that the writer said to be committed. */
  readonly announced: readonly LogRow[];
  close(): Promise<void>;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const CONNECTIONS = 5;

export async function openLogNode({ databaseUrl, dataDir }: TestDatabase): Promise<LogNode> {
  const storage = await createStorage({
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    dataDir,
    entities: [],
    migrations,
    logger: quiet,
    poolSize: CONNECTIONS,
  });
  const announced: LogRow[] = [];
  const writer = createLogWriter({
    query: storage.query,
    onCommitted: (rows) => void announced.push(...rows),
    onUncertain: () => undefined,
  });
  const outbox = createOutbox({ writer, clock: systemClock, failed: () => undefined });
  const stop = outbox.start();
  return {
    storage,
    log: createEventLog({ query: storage.query }),
    writer,
    outbox,
    announced,
    async close() {
      await stop();
      await writer.idle();
      await storage.close();
    },
  };
}
