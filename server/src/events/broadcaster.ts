// The door through which every event enters: parse the data, find rooms and stream, hand one row to the log.
import type { Catalogue, EventDefinition, Receipt } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { EventFrame } from './event-frame.js';
import { frameNow } from './frame-now.js';
import { wireStream } from './log-row.js';
import type { Appended, LogWriter } from './log-writer.js';
import type { Outbox } from './outbox.js';
import { createEventPreparer, type PreparedEvent } from './prepare-event.js';

type DefinitionOf<C extends Catalogue, Name extends string> = Extract<C['events'][number], { name: Name }>;

/** The names of all events of a catalogue. */
export type EventName<C extends Catalogue> = C['events'][number]['name'];

/** What the emitter of an event writes: defaults may be left out. */
export type EventInput<C extends Catalogue, Name extends EventName<C>> =
  DefinitionOf<C, Name> extends EventDefinition<Name, infer Data> ? z.input<Data> : never;

export interface EmitOptions {
  /** Makes a retry harmless: the same id by the same caller is the same event. 1–128 characters. */
  id?: string | undefined;
  /** Whose rooms are meant; `default` when left out. */
  tenant?: string | undefined;
  /** Whose ids these are (a user id or a part of the host application); `server` when left out. */
  caller?: string | undefined;
  /** The rooms, for events whose definition leaves them to the emitter. */
  rooms?: readonly string[] | undefined;
  /** Of an ephemeral event: the connection that is not told, by its id. */
  except?: string | undefined;
}

const DEFAULT_TENANT = 'default';
const DEFAULT_CALLER = 'server';

/** One event of a group, unchecked: it is parsed before anything of the group is written. */
export interface EmitItem {
  event: string;
  data: unknown;
  id?: string | undefined;
}

export interface Broadcaster<C extends Catalogue = Catalogue> {
  /**
   * Emits one event.
   * @returns once committed: its id and its place in the stream; `duplicate` when the id was used before
   * @throws RoomcastError `bad_request` with issues, `conflict` (same id, other content), `unavailable`
   */
  emit<Name extends EventName<C>>(event: Name, data: EventInput<C, Name>, options?: EmitOptions): Promise<Receipt>;

  /**
   * Emits events whose names are not known at compile time, all or none.
   * @throws as `emit`; issue paths begin with `events.{index}.` when there are several
   */
  emitAll(items: readonly EmitItem[], options?: Omit<EmitOptions, 'id' | 'rooms' | 'except'>): Promise<Receipt[]>;

  /**
   * The same inside the caller's own transaction: the event exists if and only if it commits.
   * Takes no lock and waits for nothing but one insert.
   */
  in(manager: EntityManager): TransactionBroadcaster<C>;
}

export interface TransactionBroadcaster<C extends Catalogue = Catalogue> {
  /** @returns the id that the event will have */
  emit<Name extends EventName<C>>(
    event: Name,
    data: EventInput<C, Name>,
    options?: EmitOptions,
  ): Promise<{ id: string }>;
}

interface Deps<C extends Catalogue> {
  catalogue: C;
  writer: Pick<LogWriter, 'append'>;
  outbox: Outbox;
  /** Hands an event that is not logged to the members of rooms. */
  send: (tenant: string, rooms: readonly string[], frame: EventFrame, except?: string) => void;
}

/**
 * @throws TypeError when an event of the catalogue goes to rooms that do not exist or are of two streams
 */
export function createBroadcaster<C extends Catalogue>(deps: Deps<C>): Broadcaster<C> {
  const { catalogue, writer, outbox, send } = deps;
  const prepare = createEventPreparer(catalogue);

  async function emitPrepared(events: readonly PreparedEvent[], except?: string): Promise<Receipt[]> {
    const logged = await writer.append(events.flatMap((event) => (event.row ? [event.row] : [])));
    return events.map((event) => (event.row ? toReceipt(logged.shift()) : sendNow(event, except)));
  }

  function sendNow(event: PreparedEvent, except?: string): Receipt {
    const { id, frame } = frameNow(event);
    send(event.tenant, event.rooms, frame, except);
    return { id, duplicate: false };
  }

  function place({ id, tenant = DEFAULT_TENANT, caller = DEFAULT_CALLER, rooms }: EmitOptions) {
    return { id, tenant, caller, rooms };
  }

  return {
    async emit(event, data, options = {}) {
      const [receipt] = await emitPrepared([prepare({ event, data, ...place(options) })], options.except);
      if (!receipt) throw new Error(`${event} was emitted without a receipt`);
      return receipt;
    },
    async emitAll(items, options = {}) {
      const prefix = (index: number) => (items.length > 1 ? `events.${index}` : '');
      const where = place(options);
      return emitPrepared(
        items.map(({ event, data, id }, index) =>
          prepare({ event, data, ...where, id, rooms: undefined }, prefix(index)),
        ),
      );
    },
    in: (manager) => ({
      async emit(event, data, options = {}) {
        const prepared = prepare({ event, data, ...place(options) });
        if (!prepared.row) throw new TypeError(`${event} is ephemeral: it belongs to no transaction`);
        return { id: await outbox.add(manager, prepared.row) };
      },
    }),
  };
}

function toReceipt(appended: Appended | undefined): Receipt {
  if (!appended) throw new Error('an event was appended without an answer');
  const { id, stream, offset, epoch, duplicate } = appended;
  return { id, stream: wireStream(stream), offset, epoch, duplicate };
}
