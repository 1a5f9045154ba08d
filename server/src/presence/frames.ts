// What is told of a room to those who watch it, ready for the wire.
import type { Catalogue, RoomMember } from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import { frameNow } from '../events/frame-now.js';
import { createEventPreparer } from '../events/prepare-event.js';
import { roomOf, tenantOf, type Place } from './place.js';

export interface PresenceFrames {
  state(place: Place, version: number, members: readonly RoomMember[]): EventFrame;
  diff(place: Place, version: number, joins: readonly RoomMember[], leaves: readonly RoomMember[]): EventFrame;
  count(place: Place, count: number): EventFrame;
}

export function createPresenceFrames(catalogue: Catalogue): PresenceFrames {
  const prepare = createEventPreparer(catalogue);

  function make(event: string, place: Place, data: object): EventFrame {
    const [room, tenant] = [roomOf(place), tenantOf(place)];
    const given = { event, data: { room, ...data }, tenant, rooms: [room], caller: 'server', id: undefined };
    return frameNow(prepare(given)).frame;
  }

  return {
    state: (place, version, members) => make('presence.state', place, { version, members }),
    diff: (place, version, joins, leaves) => make('presence.diff', place, { version, joins, leaves }),
    count: (place, count) => make('presence.count', place, { count }),
  };
}
