// Judges a schedule from its clients' point of view: per room nothing lost of what was promised, nothing twice, nothing
// out of order.
import type { LogRow } from '../../server/src/events/log-row.js';
import type { Client } from './client.js';
import type { RoomView, Span } from './room-view.js';
import { keyOfStream, streamOf } from './topology.js';
import type { Scene } from './scene.js';

type Deps = Pick<Scene, 'clients' | 'database' | 'verdict'>;

/** @param quiet all has come to rest, so that who is in a room must have all that it ever had */
export function judge(deps: Deps, quiet: boolean): void {
  for (const client of deps.clients) {
    for (const [room, view] of client.views) {
      for (const span of view.spans) judgeSpan(deps, client, room, view, span, quiet);
      judgeOrder(deps, client, room, view);
    }
  }
}

function judgeSpan(
  { database, verdict }: Deps,
  client: Client,
  room: string,
  view: RoomView,
  span: Span,
  quiet: boolean,
) {
  const stream = streamOf(room);
  const truth = database.truth(span.epoch ?? '', keyOfStream(stream));
  const held = client.positions.get(stream);
  const live = view.span === span && view.joined && quiet;
  const reached = held && held.epoch === span.epoch ? held.offset : span.from;
  const to = span.to ?? (live ? truth.length : reached);
  for (const row of truth.slice(span.from, to)) {
    if (!row.rooms.includes(room) || view.seen.includes(row)) continue;
    if (view.seen.some((other) => isNewer(other, row))) continue;
    // Left when a newer value, that would have come after, had already taken its place.
    if (!live && truth.some((other) => other.offset > to && other.rooms.includes(room) && isNewer(other, row)))
      continue;
    verdict.bad('lost', `${client.name} ${room} ${row.id} at ${row.offset}, in (${span.from}, ${to}] of ${span.epoch}`);
  }
}

/** A newer value of the same key, which a catch-up may give in its place. */
function isNewer(other: LogRow, row: LogRow): boolean {
  return row.key !== null && other.event === row.event && other.key === row.key && other.offset > row.offset;
}

function judgeOrder({ verdict }: Deps, client: Client, room: string, { seen }: RoomView): void {
  const serials = seen.map((row) => Number(row.id.slice(1)));
  if (new Set(serials).size < serials.length) verdict.bad('repeated', `${client.name} ${room} ${serials.join()}`);
  const falls = serials.findIndex((serial, index) => index > 0 && serial < serials[index - 1]!);
  if (falls > 0) verdict.bad('out of order', `${client.name} ${room} ${serials[falls]} after ${serials[falls - 1]}`);
}
