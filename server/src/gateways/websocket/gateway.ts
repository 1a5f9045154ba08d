// WebSockets beside Socket.IO on one HTTP server. An upgrade on a known path is always completed, and closed with code
// and reason if it is refused, since a browser tells its page nothing of an answer in HTTP. The answer to it is held back
// until the connection is in its rooms: what happens once a client knows that it is open, it is told.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RoomcastError } from '@roomcast/protocol';
import { WebSocketServer } from 'ws';
import { credentialOf } from '../../identity/credential-of.js';
import { pathOf, type UpgradeDoor } from '../upgrades.js';
import { enter, type Arrival, type ConnectionDeps } from './connection.js';
import { end, endingOf, endings } from './ending.js';
import type { Protocol } from './protocol.js';

/** A frame that is smaller costs more compressed than as it is. */
const COMPRESSED_FROM_BYTES = 1_024;

export interface WebSocketDeps extends ConnectionDeps {
  /** The first that knows a path serves it. */
  protocols: readonly Protocol[];
  errorOf: (thrown: unknown, context: object) => RoomcastError;
  maxFrameBytes: number;
  compression: boolean;
}

export interface WebSocketGateway extends UpgradeDoor {
  /** No new connection is taken any more; those that are there go on. */
  refuse(): void;
  /** Ends every connection that is left. */
  close(): void;
}

export function createWebSocketGateway(deps: WebSocketDeps): WebSocketGateway {
  let refusing = false;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: deps.maxFrameBytes,
    perMessageDeflate: deps.compression && {
      threshold: COMPRESSED_FROM_BYTES,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
    },
  });

  function placeAt(path: string): Pick<Arrival, 'protocol' | 'place'> | null {
    for (const protocol of deps.protocols) {
      const place = protocol.at(path);
      if (place) return { protocol, place };
    }
    return null;
  }

  function arrive(arrival: Arrival): void {
    const { ws, open } = arrival;
    // What is wrong with its frames the library has told the client already, with the code for it.
    ws.on('error', () => {});
    const entering = refusing ? Promise.resolve(end(ws, endings.drain, deps.clock)) : enter(arrival, deps);
    void entering
      .catch((thrown: unknown) => end(ws, endingOf(deps.errorOf(thrown, { door: 'websocket' })), deps.clock))
      .then(open);
  }

  return {
    knows: (path) => placeAt(path) !== null,
    take(request, socket, head) {
      const found = placeAt(pathOf(request));
      if (!found) return;
      const credential = credentialIn(request);
      const open = hold(socket);
      server.handleUpgrade(request, socket, head, (ws) => arrive({ ws, socket, credential, open, ...found }));
    },
    refuse() {
      refusing = true;
    },
    close() {
      for (const ws of server.clients) ws.terminate();
      server.close();
    },
  };
}

function credentialIn({ url = '', headers }: IncomingMessage): string | null {
  return credentialOf(headers.authorization, new URLSearchParams(url.split('?')[1]).get('token'));
}

/** Keeps back what is written. @returns lets it go, once */
function hold(socket: Duplex): () => void {
  let held = true;
  socket.cork();
  return () => {
    if (held) socket.uncork();
    held = false;
  };
}
