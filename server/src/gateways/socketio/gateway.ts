// Socket.IO on the namespaces `/` and `/ws`, which behave the same: identity at the handshake, commands through the
// router, events through the fan-out. Socket.IO's own rooms and broadcasts are not used.
import type { Server as HttpServer } from 'node:http';
import type { RoomcastError } from '@roomcast/protocol';
import { Server, type Namespace, type Socket } from 'socket.io';
import type { Clock } from '../../ops/clock.js';
import type { Answer, Caller, CommandRouter } from '../command-router.js';
import type { Admitted, Connections } from '../connections.js';
import type { UpgradeDoor } from '../upgrades.js';
import { createPacketEncoder } from './encode.js';
import { engineOf, isTooLarge } from './engine.js';
import { credentialIn, refusal } from './handshake.js';
import { boundPollPayload } from './poll-payload.js';
import { createUnusedTransports, type UnusedTransports } from './unused-transports.js';
import { createSocketIoWire } from './wire.js';

const NAMESPACES = ['/', '/ws'];
const PATH = '/socket.io';
const CONNECT_TIMEOUT_MS = 10_000;
/** Why a socket ended whose client is not expected back. What ends its transport only, as a break does, is no goodbye. */
const GOODBYE = 'client namespace disconnect';

export interface SocketIoDeps {
  connections: Connections;
  router: CommandRouter;
  errorOf: (thrown: unknown, context: object) => RoomcastError;
  clock: Clock;
  corsOrigins: '*' | readonly string[];
  pingIntervalMs: number;
  pingTimeoutMs: number;
  maxFrameBytes: number;
  compression: boolean;
}

export interface SocketIoGateway {
  /** Takes requests of a server. @returns the door for its upgrades, which it leaves to the caller */
  attach(server: HttpServer): UpgradeDoor;
  /** No new connection is taken any more; those that are there go on. */
  refuse(): void;
  /** Ends every connection that is left, so that its client comes back, and the engine. */
  close(): Promise<void>;
}

export function createSocketIoGateway(deps: SocketIoDeps): SocketIoGateway {
  let refusing = false;
  const io = new Server({
    path: PATH,
    // Before a connection is made: its client tries again by itself, which it would not if a namespace refused it.
    allowRequest: (_request, decide) => decide(null, !refusing),
    cors: { origin: deps.corsOrigins === '*' ? '*' : [...deps.corsOrigins] },
    connectTimeout: CONNECT_TIMEOUT_MS,
    pingInterval: deps.pingIntervalMs,
    pingTimeout: deps.pingTimeoutMs,
    maxHttpBufferSize: deps.maxFrameBytes,
    perMessageDeflate: deps.compression,
  });
  const unused = createUnusedTransports(deps.clock, CONNECT_TIMEOUT_MS);
  for (const name of NAMESPACES) serve(io.of(name), deps, unused);
  let attached = false;
  return {
    attach(server) {
      attached = true;
      const others = server.listeners('upgrade');
      io.attach(server);
      // The engine's own listener would end what it does not know.
      for (const listener of server.listeners('upgrade').filter(isListener)) {
        if (!others.includes(listener)) server.off('upgrade', listener);
      }
      io.engine.on('connection', (conn: Socket['conn']) => boundPollPayload(engineOf({ conn })));
      return {
        knows: (path) => path === PATH || path.startsWith(`${PATH}/`),
        take: (request, socket, head) => io.engine.handleUpgrade(request, socket, head),
      };
    },
    refuse() {
      refusing = true;
    },
    async close() {
      if (attached) io.engine.close();
      await Promise.resolve();
    },
  };
}

const isListener = (listener: object): listener is () => void => typeof listener === 'function';

function serve(namespace: Namespace, deps: SocketIoDeps, unused: UnusedTransports): void {
  const { connections } = deps;
  const admitted = new WeakMap<Socket, Admitted>();
  /** Transports that have asked for the namespace: one that asks again would be in it twice. */
  const inside = new WeakSet<Socket['conn']>();
  const encoder = createPacketEncoder(namespace.name);

  namespace.use((socket, next) => {
    const { conn } = socket;
    // Not even refused: socket.io-client takes a refusal for the answer to its first request, and hears nothing more.
    if (inside.has(conn)) return;
    inside.add(conn);
    socket.on('disconnect', () => void inside.delete(conn));
    admit(socket, connections).then(
      (who) => {
        admitted.set(socket, who);
        next();
      },
      (thrown: unknown) => {
        inside.delete(conn);
        next(refusal(deps.errorOf(thrown, { door: 'socket.io' })));
      },
    );
  });

  namespace.on('connection', (socket) => {
    const who = admitted.get(socket);
    const wire = createSocketIoWire({ socket, encoder, compression: deps.compression });
    const caller = who && connections.open(who, wire, { namespace: namespace.name });
    // Not told to stay away: it comes back, and is asked again who it is.
    if (!caller) {
      socket.conn.close();
      return;
    }
    const left = unused.use(socket.conn);
    socket.on('disconnect', (reason, details) => {
      if (isTooLarge(details)) connections.frameRefused(caller);
      connections.close(caller, { reason }, reason !== GOODBYE);
      left();
    });
    // The protocol also knows numbers as names.
    socket.onAny((event: string | number, ...args: unknown[]) => take(deps.router, caller, String(event), args));
    connections.enterOwnRoom(caller, () => connections.welcome(caller));
  });
}

async function admit(socket: Socket, connections: Connections): Promise<Admitted> {
  const admitted = await connections.admit(credentialIn(socket));
  // The one ends a namespace, the other also what never got that far.
  socket.on('disconnect', admitted.leave);
  if (socket.conn.readyState === 'open') socket.conn.once('close', admitted.leave);
  else admitted.leave();
  return admitted;
}

function take(router: CommandRouter, caller: Caller, event: string, args: unknown[]): void {
  const last = args.at(-1);
  const ack = typeof last === 'function' ? last : null;
  router.dispatch(caller, event, ack && args.length === 1 ? undefined : args[0], (answer: Answer) => {
    if (ack) Reflect.apply(ack, undefined, [answer]);
    else if (answer.status === 'error') caller.member.wire.notify('error', answer.error);
  });
}
