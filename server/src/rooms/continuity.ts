// Pure decisions of a catch-up: whether continuity from a position is proven, and what the current values are.
import type { UnrecoveredReason } from '@roomcast/protocol';
import type { Page } from '../events/event-log.js';
import type { LogRow } from '../events/log-row.js';

/** A position that a client came back with, and how far it has been caught up since. */
export interface Claim {
  readonly offset: number;
  readonly epoch: string | undefined;
  /** The id of the event at `offset`. */
  readonly lastId: string | undefined;
  readonly at: number;
}

/** Why continuity from the claimed position cannot be proven; null when it is. */
export function unrecovered(claim: Claim, page: Page): UnrecoveredReason | null {
  if (claim.epoch !== undefined && claim.epoch !== page.epoch) return 'epoch_changed';
  if (claim.at > page.head) return 'future_offset';
  if (claim.at < page.low - 1) return 'truncated';
  const unchecked = claim.at !== claim.offset || claim.offset === 0 || claim.lastId === undefined;
  return unchecked || page.idAt.get(claim.offset) === claim.lastId ? null : 'epoch_changed';
}

/**
 * The current values of a room.
 * @param page read with them; null: there were none
 * @param late rows after the page, laid over its values
 * @returns in offset order
 */
export function currentValues(room: string, page: Page | null, late: readonly LogRow[]): LogRow[] {
  const values = new Map<string, LogRow>();
  for (const value of page?.values ?? []) {
    if (value.room === room) values.set(valueKey(value.row.event, value.row.key), value.row);
  }
  for (const row of late) {
    for (const [event, key] of row.ends ?? []) values.delete(valueKey(event, key));
    if (row.key !== null && row.rooms.includes(room)) values.set(valueKey(row.event, row.key), row);
  }
  return [...values.values()].sort((a, b) => a.offset - b.offset);
}

function valueKey(event: string, key: string | null): string {
  return `${event} ${key}`;
}
