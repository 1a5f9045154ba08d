// A WebSocket from its upgrade to its end: who it is, what it speaks, both directions.
import type { Duplex } from 'node:stream';
import { RoomcastError } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import type { Connections } from '../connections.js';
import { end, endings } from './ending.js';
import { firstCredential } from './first-credential.js';
import { keepAlive, type Rhythm } from './heartbeat.js';
import { openInbox, type Inbox } from './inbox.js';
import { createOutlet } from './outlet.js';
import type { Dialogue, Place, Protocol } from './protocol.js';
import { WebSocketWire } from './wire.js';

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
  const wire = new WebSocketWire({ ws, protocol, outlet, clock });
  const caller = connections.open(admitted, wire, { protocol: protocol.name });
  if (!caller) return end(ws, endings.comeAgain, clock);
  ws.on('error', (error) => {
    if (isTooLarge(error)) connections.frameRefused(caller);
  });
  ws.once('close', (code) => connections.close(caller, { code }, !GOODBYES.includes(code)));
  keepAlive(ws, deps);
  return new Promise((resolve) => {
    connections.enterOwnRoom(caller, () => {
      const dialogue = place.begin({ caller, say: (text) => wire.say(text), end: (ending) => wire.end(ending) });
      wire.dialogue = dialogue;
      resolve(listen({ ws, wire, protocol, dialogue, inbox }));
    });
  });
}

/** Both directions of an open connection. */
interface Way {
  readonly ws: WebSocket;
  readonly wire: WebSocketWire;
  readonly protocol: Protocol;
  readonly dialogue: Dialogue;
  readonly inbox: Inbox;
}

/** @returns resolves when the first frame may be taken */
function listen({ ws, wire, protocol, dialogue, inbox }: Way): Promise<void> | undefined {
  const take = (text: string, binary: boolean) => {
    if (binary) return dialogue.refuse(new RoomcastError('bad_request', 'Frames are text, not binary.'));
    const answer = protocol.echo?.(text) ?? null;
    if (answer !== null) return wire.say(answer);
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
  wire.hold();
  return goOnAfter(dialogue.ready.then(() => wire.release()));
}

/** By the code that `ws` gives it. */
function isTooLarge(error: Error): boolean {
  return 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

function onceClosed(ws: WebSocket, run: () => void): void {
  if (ws.readyState === ws.CLOSED) run();
  else ws.once('close', run);
}
