// All that exists, made and tied together, read from top to bottom. This is the door for embedding: the same platform
// runs as a process of its own (main.ts) or inside somebody's Express application.
import type { Server as HttpServer } from 'node:http';
import { catalogue as builtIn, type BuiltInCatalogue, type Catalogue } from '@roomcast/protocol';
import { Router } from 'express';
import type { DataSource, EntitySchema } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { AgentEntity } from './agents/agent-entity.js';
import type { AgentDefinition } from './agents/agent.js';
import { createLocalLease } from './cluster/lease.js';
import { ChatRoomEntity } from './chat/chat-room-entity.js';
import { parseConfig, type Config } from './config.js';
import { composeDelivery } from './delivery.js';
import { composeDoors } from './doors.js';
import { composeFeatures } from './features.js';
import { createLife } from './life.js';
import { composeRights } from './rights.js';
import { createBroadcaster, type Broadcaster } from './events/broadcaster.js';
import { createRevoker, type Revocation } from './events/revocation.js';
import { InboxEntity } from './github/inbox-entity.js';
import { webhookAccess } from './github/webhook-access.js';
import { createApiRouter, createRootRouter } from './http/app.js';
import { ApiKeyEntity } from './identity/api-key-entity.js';
import { jwtKeys } from './identity/development-secret.js';
import { createIdentity, type IdentityDeps } from './identity/identity.js';
import { UserEntity } from './identity/user-entity.js';
import { NotificationEntity } from './notifications/notification-entity.js';
import { systemClock } from './ops/clock.js';
import { errorOf } from './ops/error-of.js';
import { createLogger, type Logger } from './ops/logger.js';
import { createMetrics } from './ops/metrics.js';
import { createReadiness, toldRelayLag } from './ops/readiness.js';
import { createRefusals } from './ops/refusals.js';
import { ProjectEntity } from './projects/project-entity.js';
import type { RoomPolicy } from './rooms/access.js';
import { wireRoom } from './rooms/room-key.js';
import { createRateLimits } from './rooms/rate-limits.js';
import { createStatsCounter } from './rooms/stats.js';
import { migrations } from './storage/migrations.js';
import { createStorage, type Storage } from './storage/storage.js';
import { SuggestionEntity } from './suggestions/suggestion-entity.js';
import { openWorkflows, type OpenedWorkflows } from './workflow-engine.js';
import type { WorkflowDefinition } from './workflows/define-workflow.js';
import type { WorkflowsDoor } from './workflows/door.js';
import { WorkflowEntity } from './workflows/workflow-entity.js';

export interface RoomcastOptions {
  /** Variables as in the environment (docs/operations.md): `DATABASE_URL`, `JWT_SECRET`, … */
  settings?: Readonly<Record<string, string | undefined>>;
  /** Who may enter which room, by kind: for kinds of the host application, or in the place of a built-in policy. */
  policies?: Readonly<Record<string, RoomPolicy>>;
  /** What can be started and is executed here: `defineWorkflow`. */
  workflows?: readonly WorkflowDefinition[];
  /** Agents of the host application (`defineAgent`); one with the id of a built-in one takes its place. */
  agents?: readonly AgentDefinition[];
  /** Entities of the host application that are to live in the same data source. */
  entities?: readonly EntitySchema[];
  logger?: Logger;
}

export interface Roomcast<C extends Catalogue = BuiltInCatalogue> {
  readonly broadcaster: Broadcaster<C>;
  readonly catalogue: C;
  /** Starts and stops runs of the workflows that were handed in, without asking for rights. */
  readonly workflows: WorkflowsDoor;
  /** The agent that answers under an id, to be asked outside of any room: the one registered for it, else the general one. */
  agentOf(id: string): AgentDefinition;
  readonly config: Config;
  /**
   * Takes a room, or with no room every connection, from a user or key, for rights that the host application keeps.
   * Resolves when every node has done so.
   */
  kick(revocation: Revocation): Promise<void>;
  /** For transactions that `broadcaster.in(manager)` takes part in. */
  readonly dataSource: DataSource;
  /** `/api/v1`, `/health`, `/ready`, `/webhooks/github`, for an Express application that is already there. */
  readonly router: Router;
  /** Lines for whoever starts the process: what is unusual about these settings. */
  readonly notices: readonly string[];
  /** Takes Socket.IO and WebSocket connections on a server; everything runs once this resolves. */
  attach(server: HttpServer): Promise<void>;
  /** A server of its own on `HOST` and `PORT`. @returns its address */
  start(): Promise<string>;
  /** Lets all clients go within `DRAIN_SECONDS`, finishes what is under way, closes. Again: changes nothing. */
  stop(): Promise<void>;
}

let latest: Roomcast<Catalogue> | null = null;

/**
 * The broadcaster of this process, from any file of a backend, once `createRoomcast` has resolved.
 * @param catalogue the one that `createRoomcast` was given, for its types
 * @throws Error when there is none, or one with another catalogue
 */
export function getBroadcaster<C extends Catalogue = BuiltInCatalogue>(catalogue?: C): Broadcaster<C> {
  if (!latest) throw new Error('getBroadcaster() was called before createRoomcast() had resolved');
  if (!hasCatalogue(latest, catalogue ?? builtIn)) throw new Error('the platform was made with another catalogue');
  return latest.broadcaster;
}

function hasCatalogue<C extends Catalogue>(
  roomcast: Roomcast<Catalogue>,
  catalogue: Catalogue,
): roomcast is Roomcast<C> {
  return roomcast.catalogue === catalogue;
}

/**
 * Opens the storage and makes the platform; nothing is listened to yet.
 * @param options `catalogue`: which events and kinds of room exist (`extendCatalogue`); the built-in ones when left out
 * @throws ConfigError, and what opening the storage throws
 */
export function createRoomcast(options?: RoomcastOptions): Promise<Roomcast>;
export function createRoomcast<C extends Catalogue>(options: RoomcastOptions & { catalogue: C }): Promise<Roomcast<C>>;
export async function createRoomcast({
  catalogue = builtIn,
  ...options
}: RoomcastOptions & { catalogue?: Catalogue } = {}): Promise<Roomcast<Catalogue>> {
  latest = await compose(catalogue, options);
  return latest;
}

async function compose<C extends Catalogue>(catalogue: C, options: RoomcastOptions): Promise<Roomcast<C>> {
  const config = parseConfig(options.settings ?? {});
  const logger = options.logger ?? createLogger(config.logLevel);
  const jwt = { ...config.jwt, keys: await jwtKeys(config) };
  const storage = await createStorage({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    entities: [...entities, ...(options.entities ?? [])],
    migrations,
    logger,
  });
  try {
    const opened = await openWorkflows(storage, options.workflows ?? []);
    return assemble({ catalogue, options, config, logger, jwt, storage, opened });
  } catch (error) {
    await storage.close();
    throw error;
  }
}

interface Parts<C extends Catalogue> {
  catalogue: C;
  options: RoomcastOptions;
  config: Config;
  logger: Logger;
  jwt: IdentityDeps['jwt'];
  storage: Storage;
  opened: OpenedWorkflows;
}

function assemble<C extends Catalogue>(parts: Parts<C>): Roomcast<C> {
  const { catalogue, options, config, logger, jwt, storage, opened } = parts;
  const { roomKinds } = catalogue;
  const { dataSource, query } = storage;
  const clock = systemClock;
  const lease = createLocalLease(uuid());
  const { nodeId } = lease;
  const startedAt = Date.now();
  const failed = (err: unknown) => logger.warn({ err }, 'background work failed and will be tried again');

  const identity = createIdentity({
    dataSource,
    jwt,
    revoke: (manager, revocation) => revoker.revoke(manager, revocation),
  });
  const metrics = createMetrics({
    connections: () => delivery.membership.members.size,
    rooms: () => [...delivery.membership.rooms()].length,
    answers: () => features.answering.answers.count(),
    runs: () => features.engine.running(),
    relayLag: () => toldRelayLag(query),
  });
  const counter = createStatsCounter(() => delivery.membership);
  const refused = createRefusals({ logger, metrics });
  const limits = createRateLimits({ clock, ...config.limits, refused });

  const delivery = composeDelivery({
    catalogue,
    query,
    clock,
    failed,
    attendance: {
      connected: (member) => features.presence.connected(member),
      entered: (member, room) => features.presence.entered(member, room),
      left(member, room, returns) {
        features.presence.left(member, room, returns);
        features.typing.end(member, wireRoom(room));
      },
      disconnected: (member, returns) => features.presence.disconnected(member, returns),
    },
    forget: identity.forget,
    onRevoked: (applied) => lease.report(applied),
    recheckEverybody: () => void rights.recheck.everybody().catch(failed),
    onCommitted: (rows) => counter.count(rows),
    onHandedOut: (row) => features.answering.handedOut(row),
    onBatch: metrics.appended,
    onAppended: (ms) => metrics.emitted(ms / 1000),
    onPage: metrics.paged,
    onDelivered: (events, at) => metrics.delivered(events, (Date.now() - Date.parse(at)) / 1000),
  });
  const revoker = createRevoker({ outbox: delivery.outbox, writer: delivery.writer, lease });
  const emitting = { writer: delivery.writer, outbox: delivery.outbox, send: delivery.fanOut.send };
  const broadcaster = createBroadcaster({ catalogue, ...emitting });
  // The features of the platform emit its own events, to rooms of all kinds.
  const platform = createBroadcaster({ catalogue: { ...builtIn, roomKinds }, ...emitting });

  const rights = composeRights({
    dataSource,
    delivery,
    roomKinds,
    policies: options.policies ?? {},
    clock,
    failed,
  });
  const features = composeFeatures({
    catalogue,
    config,
    agents: options.agents ?? [],
    storage,
    opened,
    delivery,
    broadcaster,
    platform,
    revoker,
    rights,
    limits,
    metrics,
    nodeId,
    clock,
    logger,
    failed,
  });

  const webhook = webhookAccess(config);
  const readiness = createReadiness({
    query,
    problems() {
      if (life.state() !== 'running') return [`node: ${life.state()}`];
      return delivery.control.fresh() ? [] : ['control stream: revocations are not known to be applied'];
    },
  });
  const doors = composeDoors({
    catalogue,
    config,
    identity,
    delivery,
    rights,
    features,
    limits,
    refused,
    webhook,
    metrics,
    readiness,
    stats: (tenant) => ({
      node_id: nodeId,
      ...counter.of(tenant),
      uptime_seconds: Math.floor((Date.now() - startedAt) / 1000),
    }),
    nodeId,
    clock,
    logger,
    errorOf: (thrown, context = {}) => errorOf(thrown, logger, context),
  });
  const life = createLife({
    config,
    storage,
    delivery,
    rights,
    features,
    doors,
    limits,
    metrics,
    clock,
    logger,
    failed,
  });

  return {
    broadcaster,
    kick: (revocation) => revoker.kick(revocation),
    catalogue,
    workflows: features.engine.door,
    agentOf: features.answering.agentOf,
    config,
    dataSource,
    router: Router().use(createRootRouter(doors.http)).use('/api/v1', createApiRouter(doors.http)),
    notices: [webhook.notice, ...notices(config)],
    attach: life.attach,
    start: life.start,
    stop: life.stop,
  };
}

const entities = [
  AgentEntity,
  ApiKeyEntity,
  ChatRoomEntity,
  InboxEntity,
  NotificationEntity,
  ProjectEntity,
  SuggestionEntity,
  UserEntity,
  WorkflowEntity,
];

function notices({ redisUrl, ai }: Config): string[] {
  const answers =
    ai === null ? ['agents answer by simple rules: AI_BASE_URL and AI_MODEL set a language model up'] : [];
  if (redisUrl === null) return answers;
  return [
    ...answers,
    'REDIS_URL is not used by this version: nodes on one database see each other’s events within 2 s',
  ];
}
