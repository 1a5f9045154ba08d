// The life of a node, from made to stopped: what runs beside the doors, the servers that bring clients to them, and an
// end at which nothing is lost. roomcast.ts composes the platform that lives it.
import { readFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express } from 'express';
import { ConfigError, type Config } from './config.js';
import type { DeliveryParts } from './delivery.js';
import type { Doors } from './doors.js';
import { createRetention } from './events/retention.js';
import type { Features } from './features.js';
import { drain } from './gateways/drain.js';
import { createOriginCheck } from './gateways/origins.js';
import { watchSlowConsumers } from './gateways/slow-consumers.js';
import { watchTokens } from './gateways/token-life.js';
import { routeUpgrades } from './gateways/upgrades.js';
import { createHttpApp } from './http/app.js';
import type { Clock } from './ops/clock.js';
import type { Logger } from './ops/logger.js';
import type { Metrics } from './ops/metrics.js';
import type { Rights } from './rights.js';
import type { Backlog, Member } from './rooms/member.js';
import type { RateLimits } from './rooms/rate-limits.js';
import type { Storage } from './storage/storage.js';

/** Of the time to drain: what is left is for writing down what was interrupted. */
const ANSWERS_SHARE = 0.8;

/** A connection for requests is kept longer than proxies keep theirs (nginx: 60 s), so that none writes into its end. */
const IDLE_MS = 65_000;

interface Deps {
  config: Config;
  storage: Storage;
  delivery: DeliveryParts;
  rights: Rights;
  features: Features;
  doors: Doors;
  limits: RateLimits;
  metrics: Pick<Metrics, 'dropped'>;
  clock: Clock;
  logger: Pick<Logger, 'info'>;
  failed: (error: unknown) => void;
}

export type State = 'made' | 'running' | 'draining';

export interface Life {
  state(): State;
  /** Takes Socket.IO and WebSocket connections on a server; everything runs once this resolves. */
  attach(server: HttpServer): Promise<void>;
  /** A server of its own on `HOST` and `PORT`. @returns its address */
  start(): Promise<string>;
  /** Lets all clients go within `DRAIN_SECONDS`, finishes what is under way, closes. Again: changes nothing. */
  stop(): Promise<void>;
}

export function createLife(deps: Deps): Life {
  const { config, storage, delivery, features, doors, clock, failed } = deps;
  const { socketio, websocket, sse } = doors;
  const { members } = delivery.membership;
  const { presence, typing, chat, answering, engine, github } = features;
  let state: State = 'made';

  const droppedSlow = (member: Member, backlog: Backlog) => {
    deps.metrics.dropped('slow_consumer');
    deps.logger.info({ connection_id: member.id, ...backlog }, 'a consumer that does not keep up was disconnected');
  };

  const stops: (() => Promise<void> | void)[] = [];
  let running: Promise<void> | null = null;
  async function run(): Promise<void> {
    await delivery.control.start();
    await presence.start();
    github.start();
    await engine.start();
    stops.push(
      () => engine.stop(),
      () => github.stop(),
      () => typing.stop(),
      () => presence.stop(),
      delivery.outbox.start(),
      chat.attachments.start(),
      createRetention({ query: storage.query, clock, ...config.retention, failed }).start(),
      deps.rights.recheck.start(),
      watchTokens({ members, clock, wallClock: Date.now }),
      watchSlowConsumers({ members, clock, dropped: droppedSlow }),
      deps.limits.start(),
      answering.start(),
      () => delivery.control.stop(),
      delivery.sequencers.start(),
    );
    state = 'running';
  }

  async function attach(server: HttpServer): Promise<void> {
    await (running ??= run());
    routeUpgrades(server, [socketio.attach(server), websocket], createOriginCheck(config.corsOrigins));
  }

  let own: HttpServer | null = null;
  async function start(): Promise<string> {
    own = await makeServer(config, createHttpApp(doors.http));
    await attach(own);
    return listen(own, config);
  }

  let stopping: Promise<void> | null = null;
  async function stop(): Promise<void> {
    state = 'draining';
    // Still listening: polling clients come again and again until they are let go, and `/ready` has to say no.
    for (const door of [socketio, websocket, sse]) door.refuse();
    engine.drain();
    const drainMs = config.drainSeconds * 1000;
    await Promise.all([drain(members, drainMs, clock), answering.stop(drainMs * ANSWERS_SHARE)]);
    own?.close();
    await socketio.close();
    websocket.close();
    sse.close();
    own?.closeAllConnections();
    for (const end of stops) await end();
    await delivery.writer.idle();
    await storage.close();
  }

  return { state: () => state, attach, start, stop: () => (stopping ??= stop()) };
}

async function makeServer({ tls }: Config, app: Express): Promise<HttpServer> {
  if (!tls) return createServer({ keepAliveTimeout: IDLE_MS }, app);
  const { certFile, keyFile } = tls;
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    return createTlsServer({ cert, key, keepAliveTimeout: IDLE_MS }, app);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `TLS_CERT_FILE holds "${certFile}" and TLS_KEY_FILE "${keyFile}"; they take files with a certificate and its private key as PEM (${why})`,
    );
  }
}

function listen(server: HttpServer, { host, port, tls }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      resolve(`${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}
