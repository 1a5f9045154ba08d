// Reading the log. Every answer is one statement, so all that it says is true of one snapshot.
import { PAGE_EVENTS } from '@roomcast/protocol';
import { coalesce } from '../ops/coalesce.js';
import type { LogRow, StreamKey, StreamPosition } from './log-row.js';

const PAGE_BYTES = 256 * 1024;

/** A room that is being caught up, and the offset that it has been caught up to. */
export interface CatchUp {
  readonly room: string;
  readonly after: number;
}

export interface PageRequest {
  readonly stream: StreamKey;
  readonly rooms: readonly CatchUp[];
  /** Offsets whose row ids are asked for. */
  readonly offsets: readonly number[];
  /** Rooms whose current values are asked for. */
  readonly stateRooms: readonly string[];
  readonly limit: number;
}

/** What a stream was at one moment, and what the asked rooms had until then. */
export interface Page {
  readonly head: number;
  /** The smallest offset that retention has left. */
  readonly low: number;
  readonly lastId: string | null;
  readonly epoch: string;
  readonly rows: readonly PageRow[];
  /** The page is full: rows beyond its last one are still to be read. */
  readonly full: boolean;
  readonly idAt: ReadonlyMap<number, string>;
  /** Current values, in offset order. */
  readonly values: readonly RoomValue[];
}

/** The current value of a key in a room. */
export interface RoomValue {
  readonly room: string;
  readonly row: LogRow;
}

export interface PageRow extends LogRow {
  /** In each of the asked rooms that it went to, a newer value of its key has taken its place. */
  readonly superseded: boolean;
}

/** What follows a cursor, and whether the cursor still belongs to this log. */
export interface Tail {
  readonly head: number;
  readonly low: number;
  readonly lastId: string | null;
  readonly epoch: string;
  /** The id of the row at the cursor; null when there is none (any more). */
  readonly idAtCursor: string | null;
  readonly rows: readonly LogRow[];
}

/** The newest row of a stream. */
export interface Head {
  readonly offset: number;
  readonly lastId: string;
}

export interface EventLog {
  /** The stream's newest position. A stream that never had an event stands at 0. */
  position(stream: StreamKey): Promise<StreamPosition>;
  /** Newest rows of streams that have any, and the epoch. */
  heads(streams: readonly StreamKey[]): Promise<{ epoch: string; heads: ReadonlyMap<StreamKey, Head> }>;
  /** All rows after a cursor, up to a page. */
  tail(stream: StreamKey, cursor: number): Promise<Tail>;
  /** The rows of some rooms of a stream, up to a page. */
  page(request: PageRequest): Promise<Page>;
  /** Begins a new life of the log, unless that has already been done: `epoch` is the one to be ended. */
  endEpoch(epoch: string): Promise<void>;
}

interface Deps {
  query: <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;
  /** A page was read, with so many rows. */
  onPage?: (rows: number) => void;
}

type Meta = Pick<Page, 'head' | 'low' | 'lastId' | 'epoch'>;
type HeadRow = { [Column in keyof Head]: Head[Column] | null };
type StoredRow = Omit<LogRow, 'at'> & { at: Date };
/** The first columns are the same in all rows of an answer; an answer without rows has one with empty row columns. */
type Answer<Extra> = Meta & Extra & { [Column in keyof StoredRow]: StoredRow[Column] | null };
type PageAnswer = Answer<{
  ids: [number, string][] | null;
  valueRoom: string | null;
  superseded: boolean | null;
  total: number | null;
}>;

export function createEventLog({ query, onPage }: Deps): EventLog {
  return {
    position: coalesce(async (streams) => {
      const rows = await query<StreamPosition>(POSITIONS, [streams]);
      return rows.length > 0 ? rows : noEpoch();
    }, PAGE_EVENTS),

    async heads(streams) {
      const rows = await query<{ epoch: string; stream: string | null } & HeadRow>(HEADS, [streams]);
      const heads = new Map<StreamKey, Head>();
      for (const { stream, offset, lastId } of rows) {
        if (stream !== null && offset !== null && lastId !== null) heads.set(stream, { offset, lastId });
      }
      return { epoch: rows[0]?.epoch ?? '', heads };
    },

    async tail(stream, cursor) {
      const parameters = [stream, cursor, PAGE_EVENTS, PAGE_BYTES];
      const answers = await query<Answer<{ idAtCursor: string | null }>>(TAIL, parameters);
      const { head, low, lastId, epoch, idAtCursor } = metaOf(answers);
      return { head, low, lastId, epoch, idAtCursor, rows: answers.flatMap(toLogRow) };
    },

    async page({ stream, rooms, offsets, stateRooms, limit }) {
      const names = rooms.map((room) => room.room);
      const after = rooms.map((room) => room.after);
      const parameters = [stream, names, after, offsets, limit, PAGE_BYTES, stateRooms];
      const answers = await query<PageAnswer>(stream.endsWith(SHARED) ? SHARED_PAGE : OWN_PAGE, parameters);
      const { head, low, lastId, epoch, ids } = metaOf(answers);
      onPage?.(answers.length);
      const rows = answers.flatMap((answer) =>
        answer.superseded === null ? [] : toLogRow(answer).map((row) => ({ ...row, superseded: !!answer.superseded })),
      );
      const values = answers.flatMap(({ valueRoom, ...answer }) =>
        valueRoom === null ? [] : toLogRow(answer).map((row) => ({ room: valueRoom, row })),
      );
      const total = answers.find((answer) => answer.total !== null)?.total ?? 0;
      const full = rows.length < total;
      return { head, low, lastId, epoch, rows, values, full, idAt: new Map(ids ?? []) };
    },

    async endEpoch(epoch) {
      await query('update log_epoch set epoch = substr(md5(gen_random_uuid()::text), 1, 12) where epoch = $1', [epoch]);
    },
  };
}

function metaOf<Row extends Meta>(answers: readonly Row[]): Row {
  return answers[0] ?? noEpoch();
}

function noEpoch(): never {
  throw new Error('the log has no epoch: its migration has not run');
}

function toLogRow(answer: { [Column in keyof StoredRow]: StoredRow[Column] | null }): LogRow[] {
  const { stream, offset, id, prev, event, version, rooms, data, key, ends, at } = answer;
  if (stream === null || offset === null || id === null || event === null || version === null) return [];
  if (rooms === null || data === null || at === null) return [];
  return [{ stream, offset, id, prev, event, version, rooms, data, key, ends, at: at.toISOString() }];
}

/** How streams of several rooms end; only they have an index by room. */
const SHARED = '/tenant';

const META = `coalesce(s.head, 0) as head, coalesce(s.low, 1) as low, s.last_id as "lastId", e.epoch`;
const META_FROM = 'log_epoch e left join streams s on s.stream = $1';

const POSITIONS = `
select coalesce(s.head, 0) as "offset", s.last_id as "lastId", e.epoch
from log_epoch e cross join unnest($1::text[]) with ordinality asked (stream, place)
  left join streams s on s.stream = asked.stream
order by asked.place`;

const HEADS = `
select e.epoch, s.stream, s.head as "offset", s.last_id as "lastId"
from log_epoch e left join streams s on s.stream = any ($1::text[])`;

const COLUMNS = ['stream', 'offset', 'id', 'prev', 'event', 'version', 'rooms', 'data', 'key', 'ends', 'at'] as const;
const columns = (of: string) =>
  COLUMNS.map((name) => (name === 'key' ? `${of}.state_key as key` : `${of}."${name}"`)).join(', ');

// Retention may have removed the row itself; the row after it, or the head, still names it.
const idAt = (offset: string) => `coalesce(
  (select i.id from events i where i.stream = $1 and i."offset" = ${offset}),
  (select i.prev from events i where i.stream = $1 and i."offset" = ${offset} + 1),
  case when s.head = ${offset} then s.last_id end)`;

const TAIL = `
with sized as (
  select t.*, sum(length(t.data)) over (order by t."offset") - length(t.data) as before
  from (select * from events where stream = $1 and "offset" > $2 order by "offset" limit $3) t)
select ${META}, ${idAt('$2')} as "idAtCursor", ${columns('p')}
from ${META_FROM} left join sized p on p.before < $4
order by p."offset"`;

// A quiet room of a busy stream is found through the index by room; each room brings a page at most.
const SHARED_OFFSETS = `
  select distinct o."offset" from unnest($2::text[], $3::bigint[]) r (room, after) cross join lateral (
    select x."offset" from event_rooms x where x.stream = $1 and x.room = r.room and x."offset" > r.after
    order by x."offset" limit $5::integer + 1) o
  order by 1 limit $5::integer + 1`;

const OWN_OFFSETS = `
  select x."offset" from events x
  where x.stream = $1 and x."offset" > (select min(r.after) from unnest($2::text[], $3::bigint[]) r (room, after))
  order by 1 limit $5::integer + 1`;

const page = (offsets: string) => `
with meta as (
  select ${META},
    (select json_agg(json_build_array(o, ${idAt('o')})) from unnest($4::bigint[]) o) as ids
  from ${META_FROM}),
wanted as (${offsets}),
sized as (
  select x.*, sum(length(x.data)) over placed - length(x.data) as before, row_number() over placed as place,
    count(*) over () as total
  from wanted w join events x on x.stream = $1 and x."offset" = w."offset"
  window placed as (order by x."offset")),
newer as (
  select c.room, c.event, c.state_key, c."offset" from current_values c
  where c.stream = $1 and c.room = any ($2::text[]) and exists (select 1 from sized z where z.state_key is not null)),
judged as (
  select z.*, z.state_key is not null and not exists (
    select 1 from unnest($2::text[]) r where r = any (z.rooms) and not exists (
      select 1 from newer n
      where n.room = r and n.event = z.event and n.state_key = z.state_key and n."offset" > z."offset")) as superseded
  from sized z where z.place <= $5 and z.before < $6)
select m.*, null as "valueRoom", p.superseded, p.total, ${columns('p')} from meta m left join judged p on true
union all
select m.*, v.room, null, null, v.stream, v."offset", v.id, v.prev, v.event, v.version, v.rooms, v.data, v.state_key,
  null, v.at
from meta m join current_values v on v.stream = $1 and v.room = any ($7::text[])
order by "offset"`;

const SHARED_PAGE = page(SHARED_OFFSETS);
const OWN_PAGE = page(OWN_OFFSETS);
