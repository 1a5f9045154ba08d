// The statements of the server's event log and access policy, as answered by the simulated database.
import type {
  CatchUp,
  EventLog,
  Head,
  Page,
  PageRequest,
  PageRow,
  RoomValue,
  Tail,
} from '../../server/src/events/event-log.js';
import { CONTROL_STREAM, type LogRow, type StreamKey, type StreamPosition } from '../../server/src/events/log-row.js';
import type { Access } from '../../server/src/rooms/access.js';
import type { Database } from './database.js';
import type { Random } from './random.js';
import type { Owner, Scheduler } from './scheduler.js';

interface Deps {
  database: Database;
  scheduler: Scheduler;
  random: Random;
  /** Share of reads that fail. */
  failing: number;
}

export interface Reads {
  readonly log: EventLog;
  readonly access: Access;
}

/** Most rows of an answer; a real page is full at 500 rows or 256 KiB. */
const TAIL_ROWS = 4;

/** The reads of one process, which end with it. */
export function createReads({ database, scheduler, random, failing }: Deps, owner: Owner): Reads {
  async function read<Answer>(take: () => Answer): Promise<Answer> {
    await scheduler.point(owner);
    if (failing > 0 && random.chance(failing)) throw new Error('the database is away');
    const answer = take();
    await scheduler.point(owner);
    return answer;
  }

  const log: EventLog = {
    position: (stream) => read(() => positionOf(database, stream)),
    heads: (streams) =>
      read(() => {
        const known = streams.filter((stream) => database.of(stream).rows.length > 0);
        const heads = new Map(known.map((stream) => [stream, headOf(database, stream)]));
        return { epoch: database.epoch, heads };
      }),
    tail: (stream, cursor) => read(() => tailOf(database, stream, cursor, 1 + random.below(TAIL_ROWS))),
    page: (request) => read(() => pageOf(database, request, random)),
    endEpoch: (epoch) =>
      read(() => {
        if (database.epoch === epoch) database.beginEpoch();
      }),
  };
  const access: Access = {
    authorize: (principal, rooms) =>
      read(() => ({
        control: {
          offset: database.of(CONTROL_STREAM).rows.length,
          epoch: database.epoch,
          ahead: database.outbox.map(({ id }) => id),
        },
        decisions: rooms.map((room) => (database.mayEnter(principal.userId, room.name) ? 'granted' : 'not_found')),
      })),
  };
  return { log, access };
}

function headOf(database: Database, stream: StreamKey): Head {
  const { offset, id } = database.of(stream).rows.at(-1)!;
  return { offset, lastId: id };
}

function positionOf(database: Database, stream: StreamKey): StreamPosition {
  const { rows } = database.of(stream);
  return { offset: rows.length, lastId: rows.at(-1)?.id ?? null, epoch: database.epoch };
}

function metaOf(database: Database, stream: StreamKey) {
  const { offset: head, lastId, epoch } = positionOf(database, stream);
  return { head, lastId, epoch, low: database.of(stream).low };
}

function tailOf(database: Database, stream: StreamKey, cursor: number, limit: number): Tail {
  const rows = kept(database, stream).filter((row) => row.offset > cursor);
  return { ...metaOf(database, stream), idAtCursor: idAt(database, stream, cursor), rows: rows.slice(0, limit) };
}

function pageOf(database: Database, { stream, rooms, offsets, stateRooms, limit }: PageRequest, random: Random): Page {
  const wanted = kept(database, stream).filter((row) => rooms.some((room) => concerns(room, row)));
  // A page may be full by its bytes before it is by its rows.
  const most = random.chance(0.2) ? 1 + random.below(limit) : limit;
  const rows = wanted.slice(0, most);
  const values = currentValues(database, stream);
  const asked = rooms.map(({ room }) => room);
  const ids = offsets.flatMap((offset): [number, string][] => {
    const id = idAt(database, stream, offset);
    return id === null ? [] : [[offset, id]];
  });
  return {
    ...metaOf(database, stream),
    rows: rows.map((row): PageRow => ({ ...row, superseded: isSuperseded(row, asked, values) })),
    full: rows.length < wanted.length,
    idAt: new Map(ids),
    values: values.filter(({ room }) => stateRooms.includes(room)),
  };
}

function kept(database: Database, stream: StreamKey): LogRow[] {
  const { rows, low } = database.of(stream);
  return rows.slice(low - 1);
}

function concerns({ room, after }: CatchUp, row: LogRow): boolean {
  return row.offset > after && row.rooms.includes(room);
}

/** Retention may have removed the row itself; the row after it, or the head, still names it. */
function idAt(database: Database, stream: StreamKey, offset: number): string | null {
  const { rows, low } = database.of(stream);
  if (offset >= low && rows[offset - 1]) return rows[offset - 1]!.id;
  if (offset + 1 >= low && rows[offset]) return rows[offset].prev;
  return rows.length === offset ? (rows.at(-1)?.id ?? null) : null;
}

/** Newest value of each key in each room, in offset order; an end takes a key from all rooms of the stream. */
function currentValues(database: Database, stream: StreamKey): RoomValue[] {
  return valuesAt(database.of(stream).rows);
}

/** The current values of a stream's rooms after some rows. */
export function valuesAt(rows: readonly LogRow[]): RoomValue[] {
  const values = new Map<string, RoomValue>();
  for (const row of rows) {
    for (const [event, key] of row.ends ?? []) {
      for (const [name, { row: value }] of values) if (value.event === event && value.key === key) values.delete(name);
    }
    if (row.key !== null) for (const room of row.rooms) values.set(`${room} ${row.event} ${row.key}`, { room, row });
  }
  return [...values.values()].sort((a, b) => a.row.offset - b.row.offset);
}

function isSuperseded(row: LogRow, asked: readonly string[], values: readonly RoomValue[]): boolean {
  if (row.key === null) return false;
  const newerIn = (room: string) =>
    values.some(
      (value) =>
        value.room === room &&
        value.row.event === row.event &&
        value.row.key === row.key &&
        value.row.offset > row.offset,
    );
  return row.rooms.filter((room) => asked.includes(room)).every(newerIn);
}
