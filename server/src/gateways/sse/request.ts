// What a request for a stream of server-sent events asks for: rooms, and where to go on.
import type { IncomingMessage } from 'node:http';
import { parseRoom, RoomcastError, type ParsedRoom, type RoomKind, type SubscribeItem } from '@roomcast/protocol';
import { readCursor, type KnownPosition, type PositionOf } from './cursor.js';

export interface StreamRequest {
  readonly rooms: readonly ParsedRoom[];
  /** Rooms to go on in, and rooms to begin with now. */
  readonly resumed: readonly SubscribeItem[];
  readonly fresh: readonly SubscribeItem[];
  /** By stream, where the client has been. */
  readonly positions: ReadonlyMap<string, KnownPosition>;
}

/** No epoch has this name: continuity from here is never proven. */
const NOWHERE: KnownPosition = { offset: 0, epoch: '-', lastId: undefined };
const lost: PositionOf = () => NOWHERE;
const present: PositionOf = () => undefined;

/**
 * @param query as the router has parsed it
 * @throws RoomcastError `bad_request` that names the parameter, `not_found`
 */
export function readStreamRequest(
  { headers }: Pick<IncomingMessage, 'headers'>,
  query: Readonly<Record<string, unknown>>,
  { roomKinds }: { roomKinds: readonly RoomKind[] },
): StreamRequest {
  const names = [...new Set([query.rooms].flat().flatMap((list) => textOf(list).split(',')))].filter(Boolean);
  if (names.length === 0) throw wrong('rooms', 'takes names of rooms, separated by commas');
  const rooms = names.map((name) => {
    const room = parseRoom(name, roomKinds);
    if (!room) throw new RoomcastError('not_found', `rooms: ${name.slice(0, 200)} does not exist`);
    return room;
  });
  const positionOf = positionsIn(textOf(headers['last-event-id']), textOf(query.after), rooms);
  const positions = new Map<string, KnownPosition>();
  const items = rooms.map(({ name, stream }): SubscribeItem => {
    const position = positionOf(stream);
    if (!position) return { room: name };
    if (position !== NOWHERE) positions.set(stream, position);
    return { room: name, offset: position.offset, epoch: position.epoch, last_id: position.lastId };
  });
  const isResumed = ({ offset }: SubscribeItem) => offset !== undefined;
  return { rooms, resumed: items.filter(isResumed), fresh: items.filter((item) => !isResumed(item)), positions };
}

/** A browser cannot forget the last id that it has seen, so one that cannot be read is a break, and no error. */
function positionsIn(lastEventId: string, after: string, rooms: readonly ParsedRoom[]): PositionOf {
  if (lastEventId !== '') return readCursor(lastEventId) ?? lost;
  if (after === '') return present;
  const positionOf = /^\d{1,15}$/.test(after) ? afterOffset(Number(after), rooms) : readCursor(after);
  if (!positionOf) throw wrong('after', 'takes the id of an event of this stream, or an offset');
  return positionOf;
}

function afterOffset(offset: number, rooms: readonly ParsedRoom[]): PositionOf {
  if (offset > 0 && new Set(rooms.map(({ stream }) => stream)).size > 1) {
    throw wrong('after', 'takes an offset only where all rooms are of one stream; these are not');
  }
  return () => ({ offset, epoch: undefined, lastId: undefined });
}

const textOf = (value: unknown) => (typeof value === 'string' ? value.trim() : '');

function wrong(path: string, message: string): RoomcastError {
  return new RoomcastError('bad_request', `${path}: ${message}`, { issues: [{ path, message }] });
}
