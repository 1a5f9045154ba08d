// An event ready for the wire: made once a row, shared by all who get it, live or in a catch-up.
import { upcast, type Catalogue, type Envelope } from '@roomcast/protocol';
import { wireStream, type LogRow } from './log-row.js';

/** An envelope whose data is still JSON. */
export type EventHead = Omit<Envelope, 'data'>;

export class EventFrame {
  /** The envelope, in JSON. */
  readonly json: string;

  constructor(
    private readonly head: EventHead,
    private readonly data: string,
  ) {
    const { timestamp, ...rest } = head;
    this.json = `${JSON.stringify(rest).slice(0, -1)},"data":${data},"timestamp":"${timestamp}"}`;
  }

  /** Of the event. */
  get name(): string {
    return this.head.event;
  }

  /** When it happened: ISO 8601. */
  get timestamp(): string {
    return this.head.timestamp;
  }

  /** Its id, and where it stands if it is logged. */
  get place(): Pick<EventHead, 'id' | 'stream' | 'offset'> {
    return this.head;
  }

  get envelope(): Envelope {
    return { ...this.head, data: readData(this.data) };
  }
}

const isData = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** @throws TypeError when it is not what an event's data is stored as */
function readData(json: string): Record<string, unknown> {
  const data: unknown = JSON.parse(json);
  if (!isData(data)) throw new TypeError('the data of an event is not an object');
  return data;
}

/**
 * Makes frames of rows. A row of an older version is handed out in the current one.
 * @returns a function that answers the same frame for the same row
 */
export function createFramer(catalogue: Catalogue): (row: LogRow) => EventFrame {
  const definitions = new Map(catalogue.events.map((event) => [event.name, event]));
  const frames = new WeakMap<LogRow, EventFrame>();

  function current(row: LogRow): { version: number; data: string } {
    const definition = definitions.get(row.event);
    if (!definition || row.version >= definition.version) return row;
    const data = upcast(definition, row.version, readData(row.data));
    return { version: definition.version, data: JSON.stringify(data) };
  }

  return (row) => {
    const known = frames.get(row);
    if (known) return known;
    const { version, data } = current(row);
    const place = { rooms: [...row.rooms], stream: wireStream(row.stream), offset: row.offset };
    const frame = new EventFrame({ id: row.id, event: row.event, version, ...place, timestamp: row.at }, data);
    frames.set(row, frame);
    return frame;
  };
}
