// A broadcaster that writes what it is given into a table, through the manager that it is given: an event that stands
// there was committed together with what it tells of.
import { catalogue, parseInput, type BuiltInCatalogue } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import type { Broadcaster } from '../../src/events/broadcaster.js';
import { query } from '../../src/storage/query.js';

export interface RecordedEvent {
  event: string;
  data: Record<string, unknown>;
  rooms: string[];
  caller: string;
}

export interface RecordingBroadcaster extends Pick<Broadcaster<BuiltInCatalogue>, 'in'> {
  /** What was committed for a tenant, in order. */
  recorded(tenant: string): Promise<RecordedEvent[]>;
  /** The next emit fails, after it was written. */
  failNext(error: Error): void;
}

export async function createRecordingBroadcaster(dataSource: DataSource): Promise<RecordingBroadcaster> {
  let failure: Error | null = null;
  await query(
    dataSource,
    'create table recorded (seq bigserial primary key, tenant text, event text, data json, rooms text[], caller text)',
  );
  return {
    in: (manager) => ({
      async emit(event, data, { tenant = 'default', caller = 'server' } = {}) {
        const definition = catalogue.events.find(({ name }) => name === event);
        if (!definition || definition.rooms === 'addressed') throw new TypeError(`no event ${event}`);
        const parsed = parseInput(definition.data, data);
        const rooms = (definition.rooms as (of: unknown) => readonly string[])(parsed);
        await query(
          manager,
          'insert into recorded (tenant, event, data, rooms, caller) values ($1, $2, $3::json, $4::text[], $5)',
          [tenant, event, JSON.stringify(parsed), rooms, caller],
        );
        const thrown = failure;
        failure = null;
        if (thrown) throw thrown;
        return { id: 'recorded' };
      },
    }),
    recorded: (tenant) =>
      query(dataSource, 'select event, data, rooms, caller from recorded where tenant = $1 order by seq', [tenant]),
    failNext(error) {
      failure = error;
    },
  };
}
