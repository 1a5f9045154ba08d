// One logged event as the server handles it: its place in a stream, its rooms, its bytes.
// Inside the server streams and rooms are qualified by tenant; only here it is known how.

/** `{tenant}/{stream}`, the stream named as on the wire. */
export type StreamKey = string;

/** The stream whose rows tell every node which rights were taken away. No tenant can spell it. */
export const CONTROL_STREAM: StreamKey = '/control';

export function streamKey(tenant: string, stream: string): StreamKey {
  return `${tenant}/${stream}`;
}

export function tenantOf(key: StreamKey): string {
  return key.slice(0, key.indexOf('/'));
}

/** The stream's name on the wire. */
export function wireStream(key: StreamKey): string {
  return key.slice(key.indexOf('/') + 1);
}

export interface LogRow {
  readonly stream: StreamKey;
  readonly offset: number;
  readonly id: string;
  /** The id of the row at `offset - 1`: a row that does not name ours belongs to another life of the log. */
  readonly prev: string | null;
  readonly event: string;
  readonly version: number;
  /** As on the wire, without the tenant. */
  readonly rooms: readonly string[];
  /** JSON, so that live and replayed bytes are the same. */
  readonly data: string;
  /** For `state` events: whose value this is. */
  readonly key: string | null;
  /** Current values that this event ends. */
  readonly ends: readonly Ended[] | null;
  /** ISO 8601. */
  readonly at: string;
}

/** The event name and key of a current value. */
export type Ended = readonly [event: string, key: string];

/** Where a stream stands: its newest offset, that row's id, and the life of the log that this is true in. */
export interface StreamPosition {
  readonly offset: number;
  readonly lastId: string | null;
  readonly epoch: string;
}

/** A place in the control stream: what was read there has seen all revocations up to it. */
export interface ControlPosition {
  readonly offset: number;
  readonly epoch: string;
  /** Ids of revocations that it has seen before they had an offset. */
  readonly ahead?: readonly string[] | null;
}
