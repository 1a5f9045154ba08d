// Server-sent events: the rooms of one request, for whoever can do no more than read an answer. A browser's EventSource
// comes back by itself, with the cursor of the last event that it has had.
import { RoomcastError, type ConnectionEvents, type RoomKind, type SubscribeItem } from '@roomcast/protocol';
import { Router, type Request, type Response } from 'express';
import { wireStream, type StreamKey } from '../../events/log-row.js';
import { credentialOf } from '../../identity/credential-of.js';
import type { Principal } from '../../identity/principal.js';
import type { Clock } from '../../ops/clock.js';
import type { Access } from '../../rooms/access.js';
import type { Outcome } from '../../rooms/catch-up.js';
import type { RateLimits } from '../../rooms/rate-limits.js';
import type { Caller } from '../command-router.js';
import type { Connections } from '../connections.js';
import { readStreamRequest, type StreamRequest } from './request.js';
import { createSseWire, turnAway, type SseWire } from './wire.js';

const PATH = '/api/v1/stream';

export interface SseDeps {
  connections: Connections;
  access: Access;
  limits: Pick<RateLimits, 'take'>;
  /** Told of what a limit has refused, by the setting's name. */
  refused: (setting: string, principal: Principal) => void;
  roomKinds: readonly RoomKind[];
  maxRooms: number;
  /** Writes what the stream has gathered. */
  flush: (stream: StreamKey) => void;
  clock: Clock;
  /** Between two comments that show that the connection lives. */
  beatMs: number;
}

export interface SseGateway {
  /** Stands at the root, before authentication: it asks for itself. */
  readonly router: Router;
  /** No new connection is taken any more; those that are there go on. */
  refuse(): void;
  /** Ends every connection that is left. */
  close(): void;
}

export function createSseGateway(deps: SseDeps): SseGateway {
  const open = new Set<Response>();
  let refusing = false;
  const router = Router();
  router.get(PATH, async (req, res) => {
    if (req.method === 'HEAD') return void res.type('text/event-stream').end();
    if (refusing) return turnAway(res);
    open.add(res);
    res.once('close', () => open.delete(res));
    await serve(req, res, deps);
  });
  return {
    router,
    refuse() {
      refusing = true;
    },
    close() {
      for (const res of open) res.destroy();
    },
  };
}

/** @throws RoomcastError before anything is written */
async function serve(req: Request, res: Response, deps: SseDeps): Promise<void> {
  const { connections, clock } = deps;
  const credential = credentialOf(req.headers.authorization, req.query.token);
  if (credential === null) throw new RoomcastError('unauthorized', 'The request needs a token or an API key.');
  const request = readStreamRequest(req, req.query, deps);
  const admitted = await connections.admit(credential);
  const gone = () => res.closed;
  if (gone()) return admitted.leave();
  res.once('close', admitted.leave);
  deps.limits.take(admitted.principal, 'command');
  boundRooms(admitted.principal, request, deps);
  await authorize(admitted.principal, request, deps);
  if (gone()) return;
  const wire = createSseWire(res, clock);
  const caller = connections.open(admitted, wire, { door: 'sse' });
  if (!caller) return turnAway(res);
  // The other end of an answer says nothing any more: that it is gone is found out by its machine, or its silence.
  req.socket.setKeepAlive(true, deps.beatMs);
  const stop = keepAlive(caller, wire, deps);
  res.once('close', () => {
    stop();
    // Nobody can say goodbye here.
    connections.close(caller, {}, true);
  });
  await enter(caller, wire, request);
}

function boundRooms(principal: Principal, { rooms }: StreamRequest, { maxRooms, refused }: SseDeps): void {
  if (rooms.length <= maxRooms) return;
  refused('MAX_ROOMS_PER_CONNECTION', principal);
  throw new RoomcastError('too_many_rooms', `rooms: takes at most ${maxRooms} (MAX_ROOMS_PER_CONNECTION)`);
}

/** A room that may not be entered is told plainly, as long as the answer is none yet. */
async function authorize(principal: Principal, { rooms }: StreamRequest, { access }: SseDeps): Promise<void> {
  const { decisions } = await access.authorize(principal, rooms);
  decisions.forEach((decision, index) => {
    if (decision !== 'granted') throw new RoomcastError(decision, `rooms: ${rooms[index]?.name ?? ''} does not exist`);
  });
}

/** Rooms to begin with first: what comes in them while others catch up is not missed when the connection breaks then. */
async function enter(caller: Caller, wire: SseWire, { fresh, resumed, positions }: StreamRequest): Promise<void> {
  for (const [stream, { offset, epoch = '', lastId = null }] of positions) {
    wire.cursor.move(stream, { offset, epoch, lastId });
  }
  for (const items of [fresh, resumed]) {
    if (items.length === 0) continue;
    await new Promise<void>((resolve, reject) => {
      const reply = (outcomes: Outcome[]) => {
        const failed = settle(wire, items.map(nameOf), outcomes);
        if (failed) reject(failed);
        else resolve();
      };
      caller.subscriptions.subscribe({ items, single: false, reply });
    });
  }
  const { subscriptions } = caller.member;
  const endIfAlone = () => {
    if (subscriptions.size === 0) wire.close('no rooms', false);
  };
  wire.onNotice = (event) => event === 'room.revoked' && endIfAlone();
  endIfAlone();
}

const nameOf = ({ room }: SubscribeItem) => room;

/** Tells what became of the rooms, in the tick in which they were joined. @returns the error of one that was not */
function settle(wire: SseWire, rooms: readonly string[], outcomes: readonly Outcome[]): RoomcastError | null {
  const breaks = new Map<string, ConnectionEvents['room.reset']>();
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome instanceof RoomcastError) return outcome;
    const { stream, offset, epoch, last_id, reason } = outcome;
    wire.cursor.move(stream, { offset, epoch, lastId: last_id ?? null });
    if (!reason) continue;
    const lost = [...(breaks.get(stream)?.rooms ?? []), rooms[index] ?? ''];
    breaks.set(stream, { stream, rooms: lost, offset, epoch, ...(last_id && { last_id }), reason });
  }
  for (const reset of breaks.values()) wire.notify('room.reset', reset);
  wire.beat();
  return null;
}

function keepAlive({ member }: Caller, wire: SseWire, { clock, flush, beatMs }: SseDeps): () => void {
  let cancel = () => {};
  const wait = () => {
    cancel = clock.after(beatMs, () => {
      for (const { sequencer } of member.subscriptions.values()) {
        flush(sequencer.stream);
        wire.cursor.move(wireStream(sequencer.stream), sequencer.position);
      }
      wire.beat();
      wait();
    });
  };
  wait();
  return () => cancel();
}
