// An event definition is the single source of an event's type, validation, delivery class, audience and documentation.
import type { z } from 'zod';

/** What is promised of an event's way: see docs/delivery.md. */
export type DeliveryClass = 'durable' | 'state' | 'ephemeral';

/** Turns the data of one stored version into that of the next. */
export type Upcast = (data: Record<string, unknown>) => Record<string, unknown>;

export interface EventDefinition<Name extends string = string, Data extends z.ZodObject = z.ZodObject> {
  readonly name: Name;
  /** Counts up when the data changes in a way that old readers would misread. */
  readonly version: number;
  readonly class: DeliveryClass;
  readonly data: Data;
  /** The rooms of one stream that the event goes to; `'addressed'` when the emitter names them. */
  readonly rooms: 'addressed' | RoomsOf<Data>;
  /** For `state`: the field of the data that tells whose value this is. */
  readonly key?: string;
  /** For `state`: events with the same key field after which there is no current value any more. */
  readonly endedBy?: readonly string[];
  /** The room that nobody is in any more once it has been told this event. */
  readonly endsRoom?: RoomOf<Data>;
  /** `upcasts[n]` turns data of version n into data of version n + 1. */
  readonly upcasts: Readonly<Record<number, Upcast>>;
  readonly example: z.input<Data>;
  readonly summary: string;
}

type RoomOf<Data extends z.ZodObject> = { bivariant(data: z.output<Data>): string }['bivariant'];
type RoomsOf<Data extends z.ZodObject> = { bivariant(data: z.output<Data>): readonly string[] }['bivariant'];

interface EventDeclaration<Name extends string, Data extends z.ZodObject> {
  name: Name;
  version?: number;
  class: DeliveryClass;
  data: Data;
  rooms: 'addressed' | ((data: z.output<Data>) => readonly string[]);
  key?: keyof z.output<Data> & string;
  endedBy?: readonly string[];
  endsRoom?: (data: z.output<Data>) => string;
  upcasts?: Record<number, Upcast>;
  example: z.input<Data>;
  summary: string;
}

/**
 * Declares an event; host applications use it as the built-in events do.
 * @param declaration name (dotted), data schema, delivery class, rooms, for `state` the key field, an example
 * @returns the definition
 * @throws TypeError when the declaration contradicts itself, with the event's name
 */
export function defineEvent<const Name extends string, Data extends z.ZodObject>(
  declaration: EventDeclaration<Name, Data>,
): EventDefinition<Name, Data> {
  const definition = { version: 1, upcasts: {}, ...declaration };
  const wrong = contradiction(definition);
  if (wrong) throw new TypeError(`event "${definition.name}": ${wrong}`);
  return definition;
}

function contradiction(definition: EventDefinition): string | null {
  if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/.test(definition.name)) return 'name takes dotted lower-case words';
  if ((definition.class === 'state') !== (definition.key !== undefined)) return 'class "state" and key go together';
  if (definition.endedBy && definition.class !== 'state') return 'endedBy belongs to class "state"';
  for (let from = 1; from < definition.version; from++) {
    if (!definition.upcasts[from]) return `version ${definition.version} needs an upcast from version ${from}`;
  }
  const example = definition.data.safeParse(definition.example);
  return example.success ? null : `example does not fit the schema: ${example.error.message}`;
}

/** The data of a definition, as handlers get it. */
export type EventData<Definition extends EventDefinition> = z.output<Definition['data']>;

/**
 * Brings stored data up to the current version of its event.
 * @param definition the event's current definition
 * @param version the version that the data was stored with
 * @returns the data, as the current version has it
 */
export function upcast(definition: EventDefinition, version: number, data: Record<string, unknown>) {
  let current = data;
  for (let from = version; from < definition.version; from++) {
    const step = definition.upcasts[from];
    if (!step) throw new TypeError(`event "${definition.name}": no upcast from version ${from}`);
    current = step(current);
  }
  return current;
}
