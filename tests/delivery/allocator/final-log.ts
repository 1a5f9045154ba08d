// The log after all is over, as it must be by what the writers know: every question here is one promise of delivery.
import type { LogRow } from '../../../server/src/events/log-row.js';
import { tagOf, type Entry, type Ledger } from './ledger.js';
import type { LogNode } from './log-node.js';

const ROWS = `
select stream, "offset", id, prev, event, version, rooms, data, state_key as key, ends, at
from events order by stream, "offset"`;

type StoredRow = Omit<LogRow, 'at'> & { at: Date };

export interface FinalLog {
  readonly rows: readonly LogRow[];
  /** By tag; a tag that is in the log twice is an error of its own. */
  readonly byTag: ReadonlyMap<string, LogRow>;
}

export async function readFinalLog({ storage }: LogNode): Promise<FinalLog> {
  const stored = await storage.query<StoredRow>(ROWS);
  const rows = stored.map((row) => ({ ...row, at: row.at.toISOString() }));
  const byTag = new Map<string, LogRow>();
  for (const row of rows) {
    const tag = tagOf(row.data);
    if (byTag.has(tag)) throw new Error(`${tag} is in the log twice`);
    byTag.set(tag, row);
  }
  return { rows, byTag };
}

/** Offsets that are not 1, 2, 3 … in their stream, and rows that do not name the row before. */
export function holes({ rows }: FinalLog): string[] {
  return rows.flatMap((row, index) => {
    const before = rows[index - 1]?.stream === row.stream ? rows[index - 1] : undefined;
    const fits = row.offset === (before?.offset ?? 0) + 1 && row.prev === (before?.id ?? null);
    return fits ? [] : [`${row.stream} ${row.offset}`];
  });
}

/** Events that were acknowledged and are not where they were said to be, or that were refused and are there. */
export function misplaced({ byTag }: FinalLog, { entries }: Ledger): string[] {
  const isRight = ({ tag, fate, place }: Entry) => {
    const row = byTag.get(tag);
    if (fate !== 'committed') return fate === 'unknown' || row === undefined;
    return (
      row !== undefined &&
      (!place || (row.id === place.id && row.offset === place.offset && row.stream === place.stream))
    );
  };
  return [...entries.values()].filter((entry) => !isRight(entry)).map(({ tag, fate }) => `${tag} (${fate})`);
}

/** Events whose row says something else than what was written. */
export function changed({ byTag }: FinalLog, { entries }: Ledger): string[] {
  const content = ({ stream, event, version, rooms, data, key, ends }: Omit<LogRow, 'offset' | 'id' | 'prev' | 'at'>) =>
    JSON.stringify([stream, event, version, rooms, data, key, ends]);
  return [...byTag].flatMap(([tag, row]) => {
    const entry = entries.get(tag);
    return entry && content(entry.row) === content(row) ? [] : [tag];
  });
}

/** Groups of which some events are in the log and some are not. */
export function torn({ byTag }: FinalLog, { groups }: Ledger): string[] {
  return groups.filter((tags) => new Set(tags.map((tag) => byTag.has(tag))).size > 1).map((tags) => tags.join(' '));
}

/** Events that stand before one that had been acknowledged before they were begun. */
export function overtaken({ rows, byTag }: FinalLog, { entries, sequences }: Ledger): string[] {
  const found: string[] = [];
  let [stream, earliestEnd] = ['', Infinity];
  for (const row of rows.toReversed()) {
    if (row.stream !== stream) [stream, earliestEnd] = [row.stream, Infinity];
    const entry = entries.get(tagOf(row.data));
    if (entry && entry.begun > earliestEnd) found.push(entry.tag);
    earliestEnd = Math.min(earliestEnd, entry?.ended ?? Infinity);
  }
  for (const tags of sequences) {
    const offsets = tags.flatMap((tag) => byTag.get(tag)?.offset ?? []);
    if (offsets.some((offset, index) => offset < (offsets[index - 1] ?? 0))) found.push(tags.join(' '));
  }
  return found;
}

const INDEX = 'select stream, room, "offset" from event_rooms';

/** Differences of the index by room from the rows of the stream of several rooms. */
export async function misindexed({ rows }: FinalLog, { storage }: LogNode): Promise<string[]> {
  const expected = rows.filter((row) => row.stream.endsWith('/tenant'));
  const wanted = expected.flatMap((row) => row.rooms.map((room) => `${row.stream} ${room} ${row.offset}`));
  const stored = await storage.query<{ stream: string; room: string; offset: number }>(INDEX);
  return differences(
    wanted,
    stored.map(({ stream, room, offset }) => `${stream} ${room} ${offset}`),
  );
}

const VALUES = 'select stream, room, event, state_key as key, "offset", id, data from current_values';

/** Differences of the current values from what the rows, read in order, leave as current. */
export async function stale({ rows }: FinalLog, { storage }: LogNode): Promise<string[]> {
  const values = new Map<string, string>();
  for (const { stream, rooms, event, key, ends, offset, id, data } of rows) {
    for (const [ended, endedKey] of ends ?? []) {
      for (const name of values.keys()) if (name.startsWith(`${stream} ${ended} ${endedKey} `)) values.delete(name);
    }
    if (key !== null)
      for (const room of rooms) values.set(`${stream} ${event} ${key} ${room}`, `${offset} ${id} ${data}`);
  }
  const stored = await storage.query<LogRow & { room: string }>(VALUES);
  return differences(
    [...values].map(([name, value]) => `${name} = ${value}`),
    stored.map(
      (row) => `${row.stream} ${row.event} ${String(row.key)} ${row.room} = ${row.offset} ${row.id} ${row.data}`,
    ),
  );
}

const IDS = 'select i.scope, i.key, e.data from idempotency i left join events e using (stream, "offset", id)';

/** Differences of the remembered ids from the events that were written under one. */
export async function misremembered({ byTag }: FinalLog, { entries }: Ledger, { storage }: LogNode): Promise<string[]> {
  const wanted = [...byTag.keys()].flatMap((tag) => {
    const { row } = entries.get(tag)!;
    return row.idempotency ? [`${row.idempotency.scope} ${row.idempotency.key} ${row.data}`] : [];
  });
  const stored = await storage.query<{ scope: string; key: string; data: string | null }>(IDS);
  return differences(
    wanted,
    stored.map(({ scope, key, data }) => `${scope} ${key} ${String(data)}`),
  );
}

/** Rows that a writer announced and that the log does not hold like that. */
export function misannounced({ rows }: FinalLog, nodes: readonly LogNode[]): string[] {
  const logged = new Set(rows.map((row) => JSON.stringify(sorted(row))));
  return nodes.flatMap(({ announced }) =>
    announced.filter((row) => !logged.has(JSON.stringify(sorted(row)))).map((row) => `${row.stream} ${row.offset}`),
  );
}

function sorted(row: LogRow): unknown[] {
  return Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1));
}

function differences(wanted: readonly string[], found: readonly string[]): string[] {
  const [inWanted, inFound] = [new Set(wanted), new Set(found)];
  return [
    ...wanted.filter((one) => !inFound.has(one)).map((one) => `missing ${one}`),
    ...found.filter((one) => !inWanted.has(one)).map((one) => `too many ${one}`),
  ];
}
