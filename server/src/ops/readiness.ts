// Whether this node should get traffic, and if not, what is in the way.
import type { Query } from '../storage/query.js';

/** Events that a committed transaction left must reach the log within this time. */
const MAX_LAG_SECONDS = 5;
const ANSWER_MS = 2_000;

export interface Ready {
  ready: boolean;
  /** One sentence for each thing in the way. */
  problems: string[];
}

interface Deps {
  query: Query;
  /** What else is in the way; empty: nothing. */
  problems: () => string[];
}

const LAG = 'select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as lag from outbox';

export function createReadiness({ query, problems }: Deps): () => Promise<Ready> {
  async function database(): Promise<string[]> {
    try {
      const seconds = await within(ANSWER_MS, relayLag(query));
      if (seconds === null) return [`database: no answer within ${ANSWER_MS} ms`];
      return seconds > MAX_LAG_SECONDS ? [`relay: an event has been waiting for ${Math.round(seconds)} s`] : [];
    } catch (error) {
      return [`database: ${error instanceof Error ? error.message : String(error)}`];
    }
  }

  return async () => {
    const found = [...problems(), ...(await database())];
    return { ready: found.length === 0, problems: found };
  };
}

/** @returns the relay's lag in seconds; NaN while the database does not tell: what is watched must not depend on it */
export async function toldRelayLag(query: Query): Promise<number> {
  try {
    return (await within(ANSWER_MS, relayLag(query))) ?? NaN;
  } catch {
    return NaN;
  }
}

/** @returns for how many seconds the oldest committed event has been waiting for the log */
async function relayLag(query: Query): Promise<number> {
  const [row] = await query<{ lag: number }>(LAG);
  return row?.lag ?? 0;
}

/** @returns the result, or null when it takes longer */
async function within<Result>(ms: number, result: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, ms, null)));
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
