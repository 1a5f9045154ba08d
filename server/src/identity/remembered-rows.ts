// Reads rows that decide who may come in, for many callers at once: who asks while a statement is under way waits for
// the next one, which then asks for all of them. A row is remembered for a moment, and forgotten when it is changed.
import { createBoundedCache } from './bounded-cache.js';

/** Most rows of one statement. */
const BATCH = 500;

export interface RememberedRows<Ask, Row> {
  /** @returns the row, or undefined when there is none @throws what reading throws */
  get(ask: Ask): Promise<Row | undefined>;

  /** What `get` answers from now on was read from now on, for asks that wait already too. */
  forget(matches: (row: Row) => boolean): void;
}

interface Options<Ask, Row> {
  /** Asks of one key get one row, read once. */
  readonly keyOf: (ask: Ask) => string;
  /** Reads the rows of these asks, in their order; undefined where there is none. */
  readonly read: (asks: readonly Ask[]) => Promise<readonly (Row | undefined)[]>;
  /** How long a row is remembered. */
  readonly keepMs: number;
  /** Most rows that are remembered. */
  readonly capacity: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

interface Caller<Row> {
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Asked<Ask, Row> {
  readonly key: string;
  readonly ask: Ask;
  readonly callers: Caller<Row>[];
}

export function createRememberedRows<Ask, Row>(options: Options<Ask, Row>): RememberedRows<Ask, Row> {
  const { keyOf, read, keepMs, capacity, clock } = options;
  const remembered = createBoundedCache<Row>(capacity, clock);
  const waiting = new Map<string, Asked<Ask, Row>>();
  let forgotten: ((row: Row) => boolean)[] = [];
  let reading = false;

  function settle(asked: Asked<Ask, Row>, row: Row | undefined): void {
    if (row === undefined) return answer(asked, row);
    if (forgotten.some((matches) => matches(row))) return askAgain(asked);
    remembered.set(asked.key, row, clock() + keepMs);
    answer(asked, row);
    const others = waiting.get(asked.key);
    if (others) answer(others, row);
    waiting.delete(asked.key);
  }

  // The row was read before it was changed. Others may have asked for it meanwhile: all of them get one answer.
  function askAgain(asked: Asked<Ask, Row>): void {
    const other = waiting.get(asked.key);
    if (other) other.callers.push(...asked.callers);
    else waiting.set(asked.key, asked);
  }

  function answer({ callers }: Asked<Ask, Row>, row: Row | undefined): void {
    for (const { resolve } of callers) resolve(row);
  }

  async function readWaiting(): Promise<void> {
    reading = true;
    while (waiting.size > 0) {
      const batch = [...waiting.values()].slice(0, BATCH);
      for (const { key } of batch) waiting.delete(key);
      forgotten = [];
      try {
        const rows = await read(batch.map(({ ask }) => ask));
        batch.forEach((asked, index) => settle(asked, rows[index]));
      } catch (error) {
        for (const { reject } of batch.flatMap(({ callers }) => callers)) reject(error);
      }
    }
    reading = false;
  }

  return {
    get(ask) {
      const key = keyOf(ask);
      const known = remembered.get(key);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const asked = waiting.get(key) ?? { key, ask, callers: [] };
        asked.callers.push({ resolve, reject });
        waiting.set(key, asked);
        if (!reading) void readWaiting();
      });
    },

    forget(matches) {
      remembered.deleteWhere(matches);
      if (reading) forgotten.push(matches);
    },
  };
}
