// The doors, tied together: Socket.IO, WebSocket, SSE and HTTP, which all come to the same connections, commands and
// features. roomcast.ts composes the rest of the platform around them.
import { PROTOCOL_VERSION, type Catalogue, type RoomcastError } from '@roomcast/protocol';
import type { Router } from 'express';
import { createCommands } from './commands.js';
import type { Config } from './config.js';
import type { DeliveryParts } from './delivery.js';
import type { Features } from './features.js';
import { createCommandRouter } from './gateways/command-router.js';
import { createConnections } from './gateways/connections.js';
import { createSocketIoGateway } from './gateways/socketio/gateway.js';
import { createSseGateway } from './gateways/sse/gateway.js';
import { createWebSocketGateway } from './gateways/websocket/gateway.js';
import { createProtocols } from './gateways/websocket/protocols.js';
import type { WebhookAccess } from './github/webhook-access.js';
import type { HttpAppDeps } from './http/app.js';
import { createGitHubDeliveriesRouter } from './http/github-deliveries.js';
import { createInstructionsRouter } from './http/instructions-router.js';
import { createMetricsRouter } from './http/metrics-router.js';
import type { Readiness } from './http/health-router.js';
import { createPresenceRouter } from './http/presence-router.js';
import type { Stats } from './http/stats-router.js';
import { createWebhooksRouter } from './http/webhooks.js';
import { createWorkflowsRouter } from './http/workflows-router.js';
import type { Identity } from './identity/identity.js';
import type { Principal } from './identity/principal.js';
import type { Clock } from './ops/clock.js';
import type { Logger } from './ops/logger.js';
import type { Metrics } from './ops/metrics.js';
import type { Refused } from './ops/refusals.js';
import type { Rights } from './rights.js';
import { createAdmission, createPlacesOfUsers } from './rooms/admission.js';
import { createMayEnter } from './rooms/may-enter.js';
import type { Member } from './rooms/member.js';
import { roomKey } from './rooms/room-key.js';
import type { RateLimits } from './rooms/rate-limits.js';

interface Deps {
  catalogue: Catalogue;
  config: Config;
  identity: Identity;
  delivery: DeliveryParts;
  rights: Rights;
  features: Features;
  limits: RateLimits;
  refused: Refused;
  webhook: WebhookAccess;
  metrics: Metrics;
  readiness: Readiness;
  stats: Stats;
  nodeId: string;
  clock: Clock;
  logger: Logger;
  /** What a caller is told of what was thrown. */
  errorOf: (thrown: unknown, context?: object) => RoomcastError;
}

export type Doors = ReturnType<typeof composeDoors>;

export function composeDoors(deps: Deps) {
  const { config, delivery, rights, features, limits, refused, clock, errorOf } = deps;
  const { roomKinds } = deps.catalogue;
  const { control, membership, revocations } = delivery;
  const { access } = rights;
  const { presence, chat, answering } = features;
  const authenticate = (credential: string) => deps.identity.authenticate(credential);

  const router = createCommandRouter({
    limits,
    handlers: createCommands({
      ...features,
      ...rights,
      authenticate,
      answers: answering.answers,
      workflows: features.engine.workflows,
      mayEnter: createMayEnter({ access, revocations, roomKinds }),
    }),
    errorOf,
  });
  const connections = createConnections({
    authenticate,
    applied: () => control.applied(),
    overtook: (principal, since) => revocations.overtook(principal, [], since),
    admission: createAdmission({
      maxConnections: config.limits.connections,
      maxPerUser: config.limits.connectionsPerUser,
      refused,
    }),
    membership,
    subscriptions: {
      ...delivery,
      access,
      roomKinds,
      maxRooms: config.limits.roomsPerConnection,
      refused,
      entered: (member, rooms) => answering.entered(member, rooms),
      watching: presence,
      toError: errorOf,
    },
    welcome: (member) => welcome(deps, member),
    refused,
    logger: deps.logger,
  });

  const gateway = {
    connections,
    router,
    errorOf,
    clock,
    pingIntervalMs: config.pingIntervalMs,
    pingTimeoutMs: config.pingTimeoutMs,
    maxFrameBytes: config.limits.frameBytes,
    compression: config.wsCompression,
  };
  const socketio = createSocketIoGateway({ ...gateway, corsOrigins: config.corsOrigins });
  const sessionPlaces = createPlacesOfUsers({
    maxPerUser: config.limits.sessionConnectionsPerUser,
    setting: 'SESSION_MAX_CONNECTIONS_PER_USER',
    refused,
  });
  const websocket = createWebSocketGateway({
    ...gateway,
    protocols: createProtocols({
      ...gateway,
      findProject: (caller, id) => features.projects.find(caller, id),
      enterSession: (caller) => sessionPlaces.enter(caller),
      tellWhoIsThere: (member, room) => presence.catchUp(member, roomKey(member.principal.tenant, room)),
      async onlineAround({ tenant, userId }) {
        const others = await presence.get(tenant, await chat.sharing.with(tenant, userId));
        return others.filter(({ online }) => online).map(({ user_id }) => user_id);
      },
    }),
  });
  const sse = createSseGateway({
    connections,
    access,
    limits,
    refused,
    roomKinds,
    maxRooms: config.limits.roomsPerConnection,
    flush: delivery.flush,
    clock,
    beatMs: config.pingIntervalMs,
  });

  return { socketio, websocket, sse, http: httpDeps(deps, sse.router) };
}

/** What a new connection is told of this node. */
function welcome({ nodeId, config: { limits } }: Deps, { id, principal }: Member) {
  return {
    connection_id: id,
    node_id: nodeId,
    protocol_version: PROTOCOL_VERSION,
    server_time: new Date().toISOString(),
    ...(principal.expiresAt && { expires_at: principal.expiresAt.toISOString() }),
    limits: {
      max_connections_per_user: limits.connectionsPerUser ?? 0,
      max_rooms_per_connection: limits.roomsPerConnection,
      max_frame_bytes: limits.frameBytes,
      message_rate: limits.messageRate,
      command_rate: limits.commandRate,
    },
  };
}

function httpDeps(deps: Deps, stream: Router): HttpAppDeps {
  const { config, identity, features, rights, limits, webhook, metrics } = deps;
  /** The same count as for commands of connections. */
  const counted =
    <Rest extends unknown[], Result>(act: (caller: Principal, ...rest: Rest) => Result) =>
    (caller: Principal, ...rest: Rest): Result => {
      limits.take(caller, 'command');
      return act(caller, ...rest);
    };
  return {
    ...features,
    identity,
    users: identity.users,
    apiKeys: identity.apiKeys,
    publish(caller, items) {
      limits.take(caller, 'command', items.length);
      return features.publish(caller, items);
    },
    readEvents: counted(rights.readEvents),
    stats: deps.stats,
    readiness: deps.readiness,
    logger: deps.logger,
    routers: [
      createGitHubDeliveriesRouter(features.github),
      createInstructionsRouter(features.instructions),
      createWorkflowsRouter({ ...features.engine, take: (caller) => limits.take(caller, 'command') }),
      createPresenceRouter(counted(({ tenant }, ids: readonly string[]) => features.presence.get(tenant, ids))),
    ],
    rootRouters: [
      stream,
      createMetricsRouter(metrics.render),
      createWebhooksRouter({ check: webhook.check, receive: features.github.receive }),
    ],
    corsOrigins: config.corsOrigins,
    trustProxy: config.trustProxy,
  };
}
