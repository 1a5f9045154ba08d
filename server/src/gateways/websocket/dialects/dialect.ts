// The protocol of an existing system as a small mapping: frames up become commands, events become frames down. All else –
// identity, rights, limits, order, the way out – is what every other client has. docs/dialects.md tells how to add one.
import {
  parseInput,
  type CommandDefinition,
  type Envelope,
  type EventDefinition,
  type WireError,
} from '@roomcast/protocol';
import type { z } from 'zod';
import type { EventFrame } from '../../../events/event-frame.js';
import type { Principal } from '../../../identity/principal.js';
import type { Member } from '../../../rooms/member.js';
import type { Ending } from '../ending.js';

/** A frame down, without its timestamp. */
export type Frame = Readonly<Record<string, unknown>>;

/** @typeParam Place what a path leads to, and what the dialect keeps of the one connection that came by it */
export interface Dialect<Place> {
  /** For the log. */
  readonly name: string;
  /** What a path leads to, a new one each time; null when it is none of the dialect's. The same path below `/api` is, too. */
  at(path: string): Place | null;
  /** The field of a frame up that names what it asks for. */
  readonly actionIn: string;
  readonly actions: Readonly<Record<string, Action<Place>>>;
  /** Events that are told, the same way to all. */
  readonly events: readonly Told[];
  /** Events that each connection tells in its own way, before the frame that all are told, if there is one. */
  readonly heard?: readonly Heard<Place>[];
  /** What is wrong with a frame. @param action that it asked for; null: none that there is */
  error(error: WireError, action: string | null, place: Place): Frame;
  /** The timestamp of a frame, from ISO 8601 (as it is). */
  stamp?(iso: string): string | number;
  /** The answer to a text that is no frame. */
  echo?(text: string): string | null;
  /**
   * Whether somebody may come to a place.
   * @returns called when the connection is gone
   * @throws RoomcastError with which the connection is closed
   */
  admit?(principal: Principal, place: Place): Promise<(() => void) | undefined>;
  /** The connection is open. @throws RoomcastError with which it is closed */
  begin?(talk: Talk<Place>): Promise<void>;
  /** A room was taken from the connection (an error that says so). */
  revoked?(room: string, talk: Talk<Place>): void;
}

/** One connection. */
export interface Talk<Place> {
  readonly place: Place;
  readonly principal: Principal;
  /** The connection, for what is asked about it. */
  readonly member: Member;
  /**
   * Does a command, as every client does it.
   * @throws RoomcastError
   */
  ask<Payload extends z.ZodType, Ack extends z.ZodType>(
    command: CommandDefinition<string, Payload, Ack>,
    payload: z.input<Payload>,
  ): Promise<z.output<Ack>>;
  say(frame: Frame): void;
  end(ending: Ending): void;
}

/**
 * What a frame up asks for.
 * @returns does it
 * @throws RoomcastError `bad_request` when the frame does not have the form that it needs
 */
export type Action<Place> = (frame: unknown) => (talk: Talk<Place>) => Promise<void>;

/** @param handle does it; what it throws is answered with the dialect's error */
export function action<Place, Schema extends z.ZodType>(
  schema: Schema,
  handle: (frame: z.output<Schema>, talk: Talk<Place>) => Promise<void>,
): Action<Place> {
  return (frame) => {
    const parsed = parseInput(schema, frame);
    return (talk) => handle(parsed, talk);
  };
}

export interface Told {
  readonly event: string;
  frameOf(event: EventFrame): Frame | null;
}

/** @param frameOf the frame of an event; null: it is not told */
export function told<Data extends z.ZodObject>(
  { name, data }: Pick<EventDefinition<string, Data>, 'name' | 'data'>,
  frameOf: (data: z.output<Data>, envelope: Envelope) => Frame | null,
): Told {
  return { event: name, frameOf: ({ envelope }) => frameOf(data.parse(envelope.data), envelope) };
}

export interface Heard<Place> {
  readonly event: string;
  take(event: EventFrame, talk: Talk<Place>): void;
}

/** @param take what a connection does when it hears an event */
export function heard<Place, Data extends z.ZodObject>(
  { name, data }: Pick<EventDefinition<string, Data>, 'name' | 'data'>,
  take: (data: z.output<Data>, talk: Talk<Place>) => unknown,
): Heard<Place> {
  // An event is read once, however many hear it.
  const read = new WeakMap<EventFrame, z.output<Data>>();
  return {
    event: name,
    take(event, talk) {
      const known = read.get(event) ?? data.parse(event.envelope.data);
      read.set(event, known);
      take(known, talk);
    },
  };
}
