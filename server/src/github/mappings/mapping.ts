// How one kind of delivery becomes an event: a schema of the few fields that are read, and a function of them.
import { optional, type BuiltInCatalogue } from '@roomcast/protocol';
import { z } from 'zod';
import type { EventInput, EventName } from '../../events/broadcaster.js';

type MappedName = Extract<
  EventName<BuiltInCatalogue>,
  `${'pr' | 'issue' | 'push' | 'review' | 'comment' | 'check' | 'build' | 'release'}.${string}` | 'github.received'
>;

/** An event that a delivery can become, with its data. */
export type MappedEvent = {
  [Name in MappedName]: { readonly event: Name; readonly data: EventInput<BuiltInCatalogue, Name> };
}[MappedName];

/** @returns the event; null when this kind of delivery does not become one of its own, or lacks a field */
export type Mapping = (payload: unknown, projectId: string) => MappedEvent | null;

export function mapping<Schema extends z.ZodType>(
  schema: Schema,
  toEvent: (payload: z.output<Schema>, projectId: string) => MappedEvent,
): Mapping {
  return (payload, projectId) => {
    const fields = schema.safeParse(payload);
    return fields.success ? toEvent(fields.data, projectId) : null;
  };
}

/** GitHub's ids are numbers, those of the platform are strings. */
export const gitHubId = z.int().transform(String);

/** GitHub writes null where there is no value, and where an account was deleted. */
export const text = optional(z.string());
export const account = optional(z.looseObject({ login: z.string() }));
