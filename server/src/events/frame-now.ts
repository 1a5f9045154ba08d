// An event that is not logged, ready for the wire: made now, once for all who get it.
import { v7 as uuid } from 'uuid';
import { EventFrame } from './event-frame.js';
import type { PreparedEvent } from './prepare-event.js';

/** @returns its id, which nobody has seen before, and its frame */
export function frameNow(event: PreparedEvent): { id: string; frame: EventFrame } {
  const id = uuid();
  const { name, version, rooms, data } = event;
  const head = { id, event: name, version, rooms: [...rooms], timestamp: new Date().toISOString() };
  return { id, frame: new EventFrame(head, data) };
}
