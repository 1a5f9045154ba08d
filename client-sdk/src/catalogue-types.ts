// What a catalogue says about types: which rooms there are, which events, and what is in them. Types only: neither the
// catalogue nor its schemas are part of the client.
import type { BuiltInCatalogue, Catalogue, CommandName, CommandOf, Envelope, EventMap } from '@roomcast/protocol';

/** `project:…`, `global`: names of rooms of the kinds that exist. */
export type RoomName<C extends Catalogue> = C['roomKinds'][number]['kind'] extends infer Kind extends string
  ? Kind | `${Kind}:${string}`
  : never;

export type EventName<C extends Catalogue> = keyof EventMap<C> & string;

/** An event as handlers get it. */
export type EventOf<C extends Catalogue, Name extends EventName<C>> = Envelope<EventMap<C>[Name], Name>;

/** Any event of the catalogue: `event` tells which, and so what `data` is. */
export type AnyEvent<C extends Catalogue> = { [Name in EventName<C>]: EventOf<C, Name> }[EventName<C>];

/** The data that is needed to emit an event: what has a default may be left out. */
export type EventInput<C extends Catalogue, Name extends EventName<C>> = Extract<
  C['events'][number],
  { name: Name }
>['data']['_zod']['input'];

/** Commands that an application sends itself. Those about rooms and tokens are the client's own. */
type OwnCommand = 'subscribe' | 'subscribe_many' | 'unsubscribe' | 'auth.refresh';
export type Command = Exclude<CommandName, OwnCommand>;
export type CommandPayload<Name extends CommandName> = CommandOf<Name>['payload']['_zod']['input'];
export type CommandAck<Name extends CommandName> = CommandOf<Name>['ack']['_zod']['output'];

export type { BuiltInCatalogue, Catalogue };
