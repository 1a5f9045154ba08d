// A room that is wanted, on its way into the connection or in it.
import type { SubscribeItem } from '@roomcast/protocol';
import type { Hold, Stream } from './stream.js';
import type { StreamPosition } from './stream-position.js';

export interface RoomEntry {
  readonly room: string;
  /** `asked` and `reading` end with the connection; a room that is not wanted any more has no entry. */
  phase: 'waiting' | 'asked' | 'reading' | 'joined';
  /** Known once the server has named it. */
  stream: Stream | null;
  /** How far it has been handed over while it is not joined; null: it begins with what comes. */
  start: StreamPosition | null;
  /** What lies at or below it stands in a snapshot that the application has. */
  floor: StreamPosition | null;
  /** It was asked for with its start, and is caught up page by page. */
  resuming: boolean;
  /** Why what came before cannot be had; told once the room is joined. */
  lost: string | null;
  /** Current values are asked for. */
  values: boolean;
  /** Those up to this offset are due when it is joined; later ones come as events. */
  valuesUpTo: number;
  /** While reading. */
  hold: Hold | null;
}

export function newEntry(room: string, values: boolean, start: StreamPosition | null): RoomEntry {
  return {
    room,
    phase: 'waiting',
    stream: null,
    start,
    floor: null,
    resuming: false,
    lost: null,
    values,
    valuesUpTo: start?.offset ?? Infinity,
    hold: null,
  };
}

/** Makes it part of an ask. @param mayResume no room of its stream can be joined yet */
export function askFor(entry: RoomEntry, mayResume: boolean): SubscribeItem {
  const { room, start, values } = entry;
  entry.phase = 'asked';
  entry.resuming = (entry.resuming || mayResume) && start !== null;
  return { room, ...(entry.resuming ? start : null), replay: 'ack', ...(values && { state: true }) };
}

/** What came before cannot be had: it begins anew. */
export function lose(entry: RoomEntry, reason: string): void {
  entry.lost = reason;
  entry.start = null;
  entry.resuming = false;
  entry.valuesUpTo = Infinity;
}

/** The connection is gone; the next one goes on where this one was. */
export function disconnect(entry: RoomEntry): void {
  if (entry.phase === 'joined') entry.start = entry.lost === null ? (entry.stream?.position ?? null) : null;
  entry.phase = 'waiting';
  entry.resuming = false;
  if (entry.hold) entry.stream?.release(entry.hold);
  entry.hold = null;
}
