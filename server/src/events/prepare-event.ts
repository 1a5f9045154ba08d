// From what a caller emits to what is logged or sent: the definition found, the data parsed, rooms and stream known.
import { createHash } from 'node:crypto';
import { parseInput, parseRoom, RoomcastError, type Catalogue, type EventDefinition } from '@roomcast/protocol';
import { z } from 'zod';
import { streamKey, type Ended } from './log-row.js';
import type { NewRow } from './log-writer.js';

/** An id that a caller names, or a batch's key with the place in it. */
const emitId = z.string().regex(/^[A-Za-z0-9_.:-]{1,140}$/, 'takes 1–128 characters of A-Z a-z 0-9 _ - .');

/** An event as it was given; nothing of it is checked. */
export interface GivenEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id: string | undefined;
  readonly tenant: string;
  readonly caller: string;
  readonly rooms: readonly string[] | undefined;
}

export interface PreparedEvent {
  readonly name: string;
  readonly version: number;
  readonly tenant: string;
  readonly rooms: readonly string[];
  /** JSON. */
  readonly data: string;
  /** For the log; null for ephemeral events. */
  readonly row: NewRow | null;
}

/** State events that an event ends, with the field that tells whose value. */
type Endings = ReadonlyMap<string, readonly { event: string; key: string }[]>;

/**
 * @returns a function that prepares one event; `prefix` stands before the paths of its issues
 * @throws TypeError when an example of the catalogue already shows that a definition's rooms cannot be
 */
export function createEventPreparer(catalogue: Catalogue): (given: GivenEvent, prefix?: string) => PreparedEvent {
  const definitions = new Map(catalogue.events.map((event) => [event.name, event]));
  const endings = endingsOf(catalogue);
  for (const definition of catalogue.events) assertRooms(catalogue, definition);

  return (given, prefix = '') => {
    const definition = definitions.get(given.event);
    if (!definition) throw badField(prefix, 'event', 'takes the name of an event of the catalogue');
    if (given.id !== undefined) parseInput(emitId, given.id, path(prefix, 'id'));
    const data = parseInput(definition.data, given.data, path(prefix, 'data'));
    const rooms = [...new Set(roomsOf(definition, data, given.rooms, prefix))];
    const stream = streamOf(catalogue, definition.name, rooms, prefix);
    const event = {
      name: definition.name,
      version: definition.version,
      tenant: given.tenant,
      rooms,
      data: toJson(data, prefix),
    };
    if (definition.class === 'ephemeral') return { ...event, row: null };
    const row: NewRow = {
      stream: streamKey(given.tenant, stream),
      event: event.name,
      version: event.version,
      rooms,
      data: event.data,
      key: definition.key === undefined ? null : String(data[definition.key]),
      ends: endsOf(endings, event.name, data),
      idempotency: idempotencyOf(given, event.name, event.data),
    };
    return { ...event, row };
  };
}

/**
 * What writes and reads JSON often calls itself for each level, on the way to a client and in it. How many levels the
 * stack allows differs from place to place: an event that one of them can write might be one that another cannot read.
 */
const MAX_LEVELS = 200;

/** @throws RoomcastError `bad_request` when it is nested too deeply */
function toJson(data: object, prefix: string): string {
  if (exceeds(data, MAX_LEVELS)) throw badField(prefix, 'data', `is nested more than ${MAX_LEVELS} levels deep`);
  return JSON.stringify(data);
}

function exceeds(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => exceeds(inner, levels - 1));
}

function roomsOf(
  definition: EventDefinition,
  data: Record<string, unknown>,
  given: readonly string[] | undefined,
  prefix: string,
): readonly string[] {
  if (definition.rooms !== 'addressed') return definition.rooms(data);
  if (given) return given;
  throw badField(prefix, 'event', 'is addressed by the server and cannot be posted');
}

function streamOf(catalogue: Catalogue, event: string, rooms: readonly string[], prefix: string): string {
  const streams = new Set<string>();
  for (const name of rooms) {
    const room = parseRoom(name, catalogue.roomKinds);
    if (!room) throw badField(prefix, 'data', `names a room that cannot be: "${name}"`);
    streams.add(room.stream);
  }
  const [stream, other] = streams;
  if (stream === undefined || other !== undefined) {
    throw new TypeError(`event "${event}" goes to rooms of ${streams.size} streams: ${rooms.join(', ')}`);
  }
  return stream;
}

function assertRooms(catalogue: Catalogue, definition: EventDefinition): void {
  if (definition.rooms === 'addressed') return;
  const example = definition.data.parse(definition.example);
  streamOf(catalogue, definition.name, definition.rooms(example), 'example');
}

function endingsOf(catalogue: Catalogue): Endings {
  const endings = new Map<string, { event: string; key: string }[]>();
  for (const { name, key, endedBy } of catalogue.events) {
    if (key === undefined) continue;
    for (const end of endedBy ?? []) endings.set(end, [...(endings.get(end) ?? []), { event: name, key }]);
  }
  return endings;
}

function endsOf(endings: Endings, event: string, data: Record<string, unknown>): Ended[] | null {
  const ended = endings.get(event);
  return ended ? ended.map(({ event: name, key }): Ended => [name, String(data[key])]) : null;
}

function idempotencyOf({ id, tenant, caller }: GivenEvent, event: string, data: string): NewRow['idempotency'] {
  if (id === undefined) return null;
  const hash = createHash('sha256').update(event).update('\n').update(data).digest('base64');
  return { scope: `${tenant}/${caller}`, key: id, hash };
}

function badField(prefix: string, field: string, message: string): RoomcastError {
  return new RoomcastError('bad_request', `${field}: ${message}`, { issues: [{ path: path(prefix, field), message }] });
}

function path(prefix: string, field: string): string {
  return prefix ? `${prefix}.${field}` : field;
}
