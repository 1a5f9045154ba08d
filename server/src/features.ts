// The features, tied together: what each needs of the others comes as a function. roomcast.ts composes the rest of the
// platform around them.
import { join } from 'node:path';
import { parseRoom, rooms, type BuiltInCatalogue, type Catalogue, type Message } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { AgentDefinition } from './agents/agent.js';
import { createAgents } from './agents/agents.js';
import { createInstructions } from './agents/instructions.js';
import { composeAnswering } from './answering.js';
import { createLocalFiles } from './chat/attachment-files.js';
import type { ChatRoomRow } from './chat/chat-room-entity.js';
import { createChat } from './chat/chat.js';
import type { Config } from './config.js';
import type { DeliveryParts } from './delivery.js';
import type { Broadcaster } from './events/broadcaster.js';
import { streamKey } from './events/log-row.js';
import { createPositionedRead } from './events/positioned-read.js';
import type { Revoker } from './events/revocation.js';
import { createGitHubDeliveries } from './github/deliveries.js';
import { repositoryKey } from './github/repository.js';
import { ensureUser, readLastSeen, writeLastSeen } from './identity/user-store.js';
import { createNotifications } from './notifications/notifications.js';
import type { Clock } from './ops/clock.js';
import type { Logger } from './ops/logger.js';
import type { Metrics } from './ops/metrics.js';
import { createMemoryStore } from './presence/memory-store.js';
import { createPresence } from './presence/presence.js';
import { createTyping } from './presence/typing.js';
import { findProject, projectsOfRepository } from './projects/project-store.js';
import { createProjects } from './projects/projects.js';
import type { Rights } from './rights.js';
import { createPublish } from './rooms/publish.js';
import type { RateLimits } from './rooms/rate-limits.js';
import { roomKey } from './rooms/room-key.js';
import type { Storage } from './storage/storage.js';
import { createSuggestions } from './suggestions/suggestions.js';
import { composeWorkflows, type OpenedWorkflows } from './workflow-engine.js';

interface Deps {
  catalogue: Catalogue;
  config: Config;
  /** Agents of the host application. */
  agents: readonly AgentDefinition[];
  storage: Storage;
  opened: OpenedWorkflows;
  delivery: DeliveryParts;
  /** Of the catalogue of the host application. */
  broadcaster: Broadcaster;
  /** Of the built-in catalogue. */
  platform: Broadcaster<BuiltInCatalogue>;
  revoker: Revoker;
  rights: Rights;
  limits: RateLimits;
  metrics: Metrics;
  nodeId: string;
  clock: Clock;
  logger: Logger;
  failed: (error: unknown) => void;
}

export type Features = ReturnType<typeof composeFeatures>;

export function composeFeatures(deps: Deps) {
  const { catalogue, config, storage, delivery, broadcaster, platform, rights, limits, clock, logger, failed } = deps;
  const { dataSource } = storage;
  const { authorize } = rights;
  const readStreamAt = createPositionedRead({ dataSource, writer: delivery.writer });
  const readAt = <Value>(tenant: string, room: string, read: (manager: EntityManager) => Promise<Value>) =>
    readStreamAt(streamKey(tenant, parseRoom(room, catalogue.roomKinds)?.stream ?? room), read);

  const projects = createProjects({ dataSource, broadcaster: platform, repositoryKey, readAt });
  const agents = createAgents({ dataSource, broadcaster: platform });
  const suggestions = createSuggestions({ dataSource, broadcaster: platform, authorize });
  const instructions = createInstructions({ dataSource, authorize });
  const notifications = createNotifications({ dataSource, broadcaster: platform, ensureUser });
  const github = createGitHubDeliveries({
    dataSource,
    broadcaster: platform,
    projectsOf: projectsOfRepository,
    clock,
    logger,
  });
  const presence = createPresence({
    node: deps.nodeId,
    store: createMemoryStore(clock),
    catalogue,
    users: {
      writeLastSeen: (seen) => writeLastSeen(dataSource.manager, seen),
      readLastSeen: (tenant, ids) => readLastSeen(dataSource.manager, tenant, ids),
    },
    sharingOf: (users) => chat.sharing.ofMany(users),
    tell: (tenant, recipient, data) =>
      platform.emit('presence.updated', data, { tenant, rooms: [rooms.user(recipient)] }),
    clock,
    wallClock: Date.now,
    failed,
  });
  const typing = createTyping({
    clock,
    tell(tenant, { name, ...told }, except) {
      const data = { ...told, ...(name === null ? {} : { name }) };
      platform.emit('typing.updated', data, { tenant, except: except ?? undefined }).catch(failed);
    },
  });
  const chat = createChat({
    dataSource,
    broadcaster: platform,
    readAt,
    ensureUser,
    revoke: (manager, revocation) => deps.revoker.revoke(manager, revocation),
    files: createLocalFiles(join(config.dataDir, 'attachments')),
    clock,
    failed,
    count: (caller) => limits.take(caller, 'message'),
    sent: (manager, sent) => answering.sent(manager, sent),
    async mentioned(manager, { caller, room, message, mentioned }) {
      const from = { tenant: caller.tenant, caller: caller.userId };
      for (const user of mentioned) await notifications.createIn(manager, from, mentionOf(message, room, user));
    },
    async connected(tenant, room, most) {
      const { members, count } = await presence.list(roomKey(tenant, room), { limit: most });
      return { users: members.map(({ user_id, name = null }) => ({ user_id, name })), count };
    },
  });
  const answering = composeAnswering({
    dataSource,
    broadcaster: platform,
    config,
    own: deps.agents,
    agents,
    clock,
    logger,
    metrics: deps.metrics,
    nodeId: deps.nodeId,
    send: delivery.fanOut.send,
    thread: chat.thread,
    instructions: instructions.of,
    async post(manager, message) {
      await chat.messages.post(manager, message);
    },
    standing: chat.rooms.standing,
    typing: typing.agent,
    failed,
  });
  const engine = composeWorkflows({
    opened: deps.opened,
    storage,
    clock,
    logger,
    catalogue,
    broadcaster,
    platform,
    failed,
    runEnded: deps.metrics.runEnded,
    authorize,
    enterable: rights.enterable,
    ownerOf: async (manager, tenant, id) => (await findProject(manager, tenant, id))?.createdBy ?? null,
    notify: (manager, { tenant, userId, projectId, ...notice }) =>
      notifications.createIn(
        manager,
        { tenant, caller: userId },
        { user_id: userId, project_id: projectId, ...notice },
      ),
  });
  const publish = createPublish(broadcaster, engine.mayPost);

  return {
    projects,
    agents,
    suggestions,
    instructions,
    notifications,
    github,
    presence,
    typing,
    chat,
    answering,
    engine,
    publish,
  };
}

/** What a user is told who is mentioned in a message. */
function mentionOf(message: Message, { title, room, kind, id }: ChatRoomRow, userId: string) {
  return {
    user_id: userId,
    title: `${message.sender_name} mentioned you in ${title ?? room}`,
    message: message.encrypted ? '' : message.content,
    level: 'info',
    link: `/api/v1/${kind}s/${id}/messages`,
  } as const;
}
