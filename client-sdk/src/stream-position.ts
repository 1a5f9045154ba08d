// Places in streams: comparing them, and putting the events of several rooms of one stream into one order.
import type { Envelope } from '@roomcast/protocol';

/**
 * How far a stream has been handed over: what to keep in order to come back without a gap.
 * `last_id` is the id of the event at that offset; with it the server notices a database that was restored.
 */
export interface StreamPosition {
  readonly offset: number;
  readonly epoch: string;
  readonly last_id?: string;
}

/** The place in an answer or notice of the server that has one. */
export function positionIn({ offset, epoch, last_id }: StreamPosition): StreamPosition {
  return last_id === undefined ? { offset, epoch } : { offset, epoch, last_id };
}

/** An event that is logged, and so has a place in a stream. */
export type Logged = Envelope & { readonly stream: string; readonly offset: number };

export function isLogged(envelope: Envelope): envelope is Logged {
  return envelope.stream !== undefined && envelope.offset !== undefined;
}

export function positionOf({ offset, id }: Logged, epoch: string): StreamPosition {
  return { offset, epoch, last_id: id };
}

/** The position that is further on; a position of another life of the log gives way. */
export function further(held: StreamPosition | null, other: StreamPosition): StreamPosition {
  return held && held.epoch === other.epoch && held.offset >= other.offset ? held : other;
}

/** Whether an event lies at or before a place, so that whoever is there has it already. */
export function covers(held: StreamPosition | null, offset: number, epoch: string): boolean {
  return held !== null && held.epoch === epoch && offset <= held.offset;
}

export interface Merged<Room> {
  readonly envelope: Logged;
  /** The rooms that it was listed for. */
  readonly rooms: Room[];
}

/** One list in offset order of what several rooms were given; an event of several of them stands there once. */
export function mergeByOffset<Room>(lists: readonly { room: Room; events: readonly Envelope[] }[]): Merged<Room>[] {
  const merged = new Map<number, Merged<Room>>();
  for (const { room, events } of lists) {
    for (const envelope of events.filter(isLogged)) {
      const known = merged.get(envelope.offset);
      if (known) known.rooms.push(room);
      else merged.set(envelope.offset, { envelope, rooms: [room] });
    }
  }
  return [...merged.values()].sort((a, b) => a.envelope.offset - b.envelope.offset);
}
