// Reads beginnings of the streams while they are being written: whoever sees an offset must see all below it, the same
// rows every time, and nothing of a transaction that is still open.
import { setTimeout as pause } from 'node:timers/promises';
import { StorageUnavailable } from '../../../server/src/storage/transaction.js';
import { tagOf, type Ledger } from './ledger.js';
import type { LogNode } from './log-node.js';

interface Prefix {
  stream: string;
  head: number;
  lastId: string | null;
  rows: number;
  highest: number | null;
  headId: string | null;
}

const PREFIXES = `
select s.stream, s.head, s.last_id as "lastId", count(e.id)::int as rows, max(e."offset") as highest,
  (array_agg(e.id order by e."offset" desc))[1] as "headId"
from streams s left join events e on e.stream = s.stream
group by s.stream, s.head, s.last_id`;

export interface PrefixReader {
  /** All that it saw: `{stream} {offset}` → id. */
  readonly seen: ReadonlyMap<string, string>;
  /** Reads until told to stop. @throws at the first thing that may not be seen */
  read(signal: AbortSignal): Promise<void>;
}

export function createPrefixReader(node: LogNode, ledger: Ledger, streams: readonly string[]): PrefixReader {
  const seen = new Map<string, string>();
  const cursors = new Map(streams.map((stream) => [stream, { offset: 0, lastId: null as string | null }]));

  async function follow(stream: string): Promise<void> {
    const cursor = cursors.get(stream)!;
    const { rows, head, lastId } = await node.log.tail(stream, cursor.offset);
    for (const row of rows) {
      if (row.offset !== cursor.offset + 1) throw new Error(`${stream}: ${row.offset} follows ${cursor.offset}`);
      if (row.prev !== cursor.lastId) throw new Error(`${stream} ${row.offset}: prev is not the id of the row before`);
      const entry = ledger.entries.get(tagOf(row.data));
      if (!entry?.visible || entry.fate === 'never') throw new Error(`${row.data} is seen and may not be`);
      seen.set(`${stream} ${row.offset}`, row.id);
      Object.assign(cursor, { offset: row.offset, lastId: row.id });
    }
    if (cursor.offset > head) throw new Error(`${stream}: a row beyond the head`);
    if (cursor.offset === head && cursor.lastId !== lastId) throw new Error(`${stream}: the head has another id`);
  }

  async function wholePrefixes(): Promise<void> {
    for (const { stream, head, lastId, rows, highest, headId } of await node.storage.query<Prefix>(PREFIXES)) {
      if (rows !== head || (highest ?? 0) !== head || headId !== lastId) {
        throw new Error(`${stream}: ${rows} rows up to ${String(highest)} below the head ${head}`);
      }
    }
  }

  return {
    seen,
    async read(signal) {
      while (!signal.aborted) {
        try {
          for (const stream of streams) await follow(stream);
          await wholePrefixes();
        } catch (error) {
          if (!(error instanceof StorageUnavailable)) throw error;
        }
        await pause(10);
      }
    },
  };
}
