// A WebSocket from its upgrade to its end: who it is, what it speaks, both directions.
import type { Duplex } from 'node:stream';
import { RoomcastError } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import type { Clock } from '../../ops/clock.js';
import type { EventFrame } from '../../events/event-frame.js';
import type { Wire } from '../../rooms/member.js';
import type { Connections } from '../connections.js';
import { end, endingFor, endings } from './ending.js';
import { firstCredential } from './first-credential.js';
import { keepAlive, type Rhythm } from './heartbeat.js';
import { openInbox, type Inbox } from './inbox.js';
import { createOutlet, type Outlet } from './outlet.js';
import type { Dialogue, Place, Protocol } from './protocol.js';

/** Close codes of a client that is not expected back: a normal end, or none at all. */
const GOODBYES = [1000, 1005];

export interface ConnectionDeps extends Rhythm {
  connections: Connections;
}

/** A connection on its way in. */
export interface Arrival {
  readonly ws: WebSocket;
  /** Beneath the WebSocket. */
  readonly socket: Duplex;
  readonly protocol: Protocol;
  readonly place: Place;
  /** Null: none came with the request. */
  readonly credential: string | null;
  /** Lets the client know that the connection is open. Calling it again changes nothing. */
  readonly open: () => void;
}

/**
 * Lets a connection in. Nothing that the client sends is taken before it is known who it is.
 * @returns resolves once it is in its rooms, or has been ended
 * @throws RoomcastError when it is refused
 */
export async function enter(arrival: Arrival, deps: ConnectionDeps): Promise<void> {
  const { ws, socket, protocol, place, credential } = arrival;
  const { connections, clock } = deps;
  const inbox = openInbox(ws);
  if (credential === null) arrival.open();
  else ws.pause();
  const admitted = await connections.admit(credential ?? (await firstCredential(ws, inbox, protocol, clock)));
  onceClosed(ws, admitted.leave);
  const left = await place.admit?.(admitted.principal);
  if (left) onceClosed(ws, left);
  if (ws.readyState !== ws.OPEN) return ws.resume();
  const outlet = createOutlet(ws, socket, protocol.encoder);
  const way: Way = { ws, protocol, outlet, dialogue: null, held: null };
  const caller = connections.open(admitted, createWire(way, clock), { protocol: protocol.name });
  if (!caller) return end(ws, endings.comeAgain, clock);
  ws.on('error', (error) => {
    if (isTooLarge(error)) connections.frameRefused(caller);
  });
  ws.once('close', (code) => connections.close(caller, { code }, !GOODBYES.includes(code)));
  keepAlive(ws, deps);
  return new Promise((resolve) => {
    connections.enterOwnRoom(caller, () => {
      way.dialogue = place.begin({ caller, say: outlet.say, end: (ending) => end(ws, ending, clock) });
      resolve(listen(way, way.dialogue, inbox));
    });
  });
}

/** Both directions of an open connection. */
interface Way {
  readonly ws: WebSocket;
  readonly protocol: Protocol;
  readonly outlet: Outlet;
  dialogue: Dialogue | null;
  /** Events that wait until the connection has said its first words. */
  held: EventFrame[] | null;
}

/** @returns resolves when the first frame may be taken */
function listen(way: Way, dialogue: Dialogue, inbox: Inbox): Promise<void> | undefined {
  const { ws, protocol, outlet } = way;
  const take = (text: string, binary: boolean) => {
    if (binary) return dialogue.refuse(new RoomcastError('bad_request', 'Frames are text, not binary.'));
    const answer = protocol.echo?.(text) ?? null;
    if (answer !== null) return outlet.say(answer);
    const busy = dialogue.take(text);
    if (busy) void goOnAfter(busy);
  };
  const goOn = () => {
    ws.resume();
    inbox.handTo(take);
  };
  const goOnAfter = (busy: Promise<void>) => {
    inbox.handTo(null);
    ws.pause();
    return busy.then(goOn);
  };
  if (!dialogue.ready) {
    goOn();
    return undefined;
  }
  way.held = [];
  return goOnAfter(dialogue.ready.then(() => release(way)));
}

function release(way: Way): void {
  const { held } = way;
  way.held = null;
  if (held) tell(way, held);
}

function tell({ protocol, outlet, dialogue }: Way, frames: readonly EventFrame[]): void {
  if (!protocol.hears) return outlet.write(frames);
  for (const frame of frames) {
    if (protocol.hears.has(frame.name)) dialogue?.hear?.(frame);
    outlet.write([frame]);
  }
}

function createWire(way: Way, clock: Clock): Wire {
  const { ws, protocol, outlet } = way;
  const { backlog, drained } = outlet;
  return {
    write(frames) {
      if (way.held) way.held.push(...frames);
      else tell(way, frames);
    },
    backlog,
    drained,
    notify(event, data) {
      const text = protocol.notice(event, data);
      if (text !== null) outlet.say(text);
      way.dialogue?.notified?.(event, data);
    },
    close: (reason, kicked) => end(ws, endingFor(reason, kicked), clock),
  };
}

/** By the code that `ws` gives it. */
function isTooLarge(error: Error): boolean {
  return 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

function onceClosed(ws: WebSocket, run: () => void): void {
  if (ws.readyState === ws.CLOSED) run();
  else ws.once('close', run);
}
