// The doors of the server behind one handle: whoever visits enters rooms, hears, loses the connection and comes back, and
// does not care by which door it came.
import type { SubscribeAck } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import { openNativeClient } from '../support/native-client.js';
import { connectPlainClient, type Ack, type Heard } from '../support/plain-client.js';
import { openSse } from '../support/sse-client.js';

/** Where a visitor was: what a client of the door would keep. */
export type Place = unknown;

export interface Visit {
  token: string;
  rooms: readonly string[];
  /** To go on from. */
  place?: Place;
}

export interface Visitor {
  /** The logged events that it was handed, in order. */
  facts(): Heard[];
  /** What the server told this one connection, by name, the welcome left out. */
  told(): Heard[];
  /** Why continuity could not be proven, if so. */
  breaks(): string[];
  place(): Place;
  ended(): boolean;
  /** Reads nothing more until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** How a visitor was sent away. */
class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export interface Door {
  name: string;
  /** For which a connection outlives its token. */
  graceSeconds: number;
  /** Resolves when all rooms are joined. @throws Refused */
  visit(url: string, visit: Visit): Promise<Visitor>;
  /** Asks for something that cannot be understood. @returns the code of the answer, and the fields that it names */
  ask(url: string, token: string): Promise<{ code: unknown; fields: string[] }>;
}

export async function refusalOf(visit: Promise<Visitor>): Promise<string> {
  try {
    (await visit).close();
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
  throw new Error('the visitor was let in');
}

/** What clients that ask have in common. */
interface AskingClient {
  readonly heard: Heard[];
  facts(): Heard[];
  ask(command: string, payload?: unknown): Promise<Ack>;
}

type Positions = Map<string, { offset: number; epoch: string; last_id: string | undefined }>;
type Result = SubscribeAck & { status: string; error?: { code: string } };

/** Enters the rooms as the documentation says, and keeps the positions that it asks to keep. */
async function enter(
  client: AskingClient,
  { rooms, place }: Visit,
): Promise<Omit<Visitor, 'ended' | 'pause' | 'resume' | 'close'>> {
  const positions: Positions = new Map(place as Positions | undefined);
  const streamOf = (room: string) => (/^(user|session|conversation):/.test(room) ? room : 'tenant');
  const wanted = rooms.map((room) => ({ room, ...positions.get(streamOf(room)) }));
  const { results } = (await client.ask('subscribe_many', { rooms: wanted })) as unknown as { results: Result[] };
  for (const { error, stream, offset, epoch, last_id } of results) {
    if (error) throw new Refused(error.code);
    positions.set(stream, { offset, epoch, last_id });
  }
  const place_ = () => {
    for (const { stream = '', offset = 0, id } of client.facts()) {
      const known = positions.get(stream);
      if (known && offset > known.offset) positions.set(stream, { ...known, offset, last_id: id });
    }
    return positions;
  };
  const told = () => client.heard.filter(({ id, event }) => id === undefined && event !== 'connection_established');
  return {
    facts: () => client.facts(),
    told,
    breaks: () => results.flatMap(({ reason }) => (reason ? [reason] : [])),
    place: place_,
  };
}

const socketio: Door = {
  name: 'Socket.IO',
  graceSeconds: 25,
  async visit(url, visit) {
    const client = await connectPlainClient(url, { token: visit.token }).catch((error: unknown) => {
      throw new Refused((error as { data: { code: string } }).data.code);
    });
    const { engine } = client.socket.io;
    const { ws } = engine.transport as unknown as { ws: WebSocket };
    try {
      return {
        ...(await enter(client, visit)),
        ended: () => !client.socket.connected,
        pause: () => ws.pause(),
        resume: () => ws.resume(),
        close: client.close,
      };
    } catch (error) {
      client.close();
      throw error;
    }
  },
  async ask(url, token) {
    const client = await connectPlainClient(url, { token });
    const { error } = await client.ask('subscribe', { room: 5 });
    client.close();
    return codeAndFields(error);
  },
};

const closeReasons: Record<string, string> = {
  Unauthorized: 'unauthorized',
  'Token expired': 'token_expired',
  'Too many connections': 'connection_limit',
};

const native: Door = {
  name: 'native WebSocket',
  graceSeconds: 25,
  async visit(url, visit) {
    const client = await openNativeClient(url, { token: visit.token });
    await eventually(() => client.heard.length > 0 || client.ended !== undefined);
    if (client.ended) throw new Refused(closeReasons[client.ended.reason] ?? client.ended.reason);
    try {
      return {
        ...(await enter(client, visit)),
        ended: () => client.ended !== undefined,
        pause: () => client.ws.pause(),
        resume: () => client.ws.resume(),
        close: client.close,
      };
    } catch (error) {
      client.close();
      throw error;
    }
  },
  async ask(url, token) {
    const client = await openNativeClient(url, { token });
    client.tell('subscribe', { room: 5 });
    await eventually(() => client.names().length > 0);
    client.close();
    return codeAndFields(client.heard[1]?.data);
  },
};

const sse: Door = {
  name: 'server-sent events',
  graceSeconds: 0,
  async visit(url, { token, rooms, place }) {
    const client = await openSse(url, { token, rooms, lastEventId: place as string | undefined });
    if (client.status !== 200) throw new Refused(String((await client.problem()).code));
    await eventually(() => client.settled || client.ended);
    const told = () => client.heard.filter(({ id }) => id === undefined);
    return {
      facts: client.facts,
      told,
      breaks: () => told().flatMap(({ event, data }) => (event === 'room.reset' ? [String(data.reason)] : [])),
      place: () => client.lastEventId,
      ended: () => client.ended,
      pause: () => client.pause(),
      resume: () => client.resume(),
      close: client.close,
    };
  },
  async ask(url, token) {
    const client = await openSse(url, { token, rooms: ['global'], after: 'nonsense' });
    return codeAndFields(await client.problem());
  },
};

function codeAndFields(error: Record<string, unknown> | undefined): { code: unknown; fields: string[] } {
  const issues = (error?.issues ?? []) as { path: string }[];
  return { code: error?.code, fields: issues.map(({ path }) => path) };
}

export const doors: readonly Door[] = [socketio, native, sse];
