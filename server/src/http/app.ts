// The HTTP side: one Express application, or its two routers for an application that is already there.
// Every answer that is not a resource is a problem of problem-details.ts.
import cors from 'cors';
import express, { Router, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Agents } from '../agents/agents.js';
import type { Chat } from '../chat/chat.js';
import type { ApiKeys } from '../identity/api-keys.js';
import type { Users } from '../identity/users.js';
import type { Notifications } from '../notifications/notifications.js';
import type { Projects } from '../projects/projects.js';
import type { Publish } from '../rooms/publish.js';
import type { ReadEvents } from '../rooms/read-events.js';
import type { Suggestions } from '../suggestions/suggestions.js';
import { createAgentsRouter } from './agents-router.js';
import { createApiKeysRouter } from './api-keys-router.js';
import { createAttachmentsRouter } from './attachments-router.js';
import { createAuthenticate, type Authenticator } from './authenticate.js';
import { createChatRouter } from './chat-router.js';
import { createEventsRouter } from './events-router.js';
import { createHealthRouter, type Readiness } from './health-router.js';
import { ordinaryBody } from './json-body.js';
import { createMessagesRouter } from './messages-router.js';
import { createNotificationsRouter } from './notifications-router.js';
import { createErrorHandler, routeNotFound, type ErrorLog } from './problem-details.js';
import { createProjectsRouter } from './projects-router.js';
import { createRoomsRouter } from './rooms-router.js';
import { createRequestLog } from './request-log.js';
import { createStatsRouter, type Stats } from './stats-router.js';
import { createSuggestionsRouter } from './suggestions-router.js';
import { createUsersRouter } from './users-router.js';

export interface ApiDeps {
  identity: Authenticator;
  projects: Projects;
  agents: Agents;
  suggestions: Suggestions;
  notifications: Notifications;
  chat: Chat;
  users: Users;
  apiKeys: ApiKeys;
  publish: Publish;
  readEvents: ReadEvents;
  stats: Stats;
  logger: ErrorLog;
  /** More of the API: behind authentication, with parsed bodies. */
  routers?: readonly Router[];
}

export interface RootDeps {
  readiness: Readiness;
  logger: ErrorLog;
  /** More beside the API: without authentication, bodies unread. */
  rootRouters?: readonly Router[];
}

export interface HttpAppDeps extends ApiDeps, RootDeps {
  /** Origins of other sites that may call; `*` for all. */
  corsOrigins: '*' | readonly string[];
  /** As Express takes it. */
  trustProxy?: boolean | number | string[];
}

/** Everything: to be handed to `http.createServer`. */
export function createHttpApp(deps: HttpAppDeps): Express {
  const app = express();
  app.set('trust proxy', deps.trustProxy ?? false);
  app.use(createRequestLog(deps.logger), helmet(), corsFor(deps.corsOrigins));
  app.use(createRootRouter(deps));
  app.use('/api/v1', createApiRouter(deps));
  app.use(routeNotFound, createErrorHandler(deps.logger));
  return app;
}

/** The resources, to be mounted under `/api/v1`. It answers every request that it gets. */
export function createApiRouter(deps: ApiDeps): Router {
  const router = Router();
  router.use(createAuthenticate(deps.identity));
  // Before the parser of ordinary bodies: a batch of events may be larger, and a file is not JSON.
  router.use(createEventsRouter(deps.publish), createAttachmentsRouter(deps.chat.attachments));
  router.use(ordinaryBody);
  router.use(
    createProjectsRouter(deps.projects),
    createAgentsRouter(deps.agents),
    createSuggestionsRouter(deps.suggestions),
    createNotificationsRouter(deps.notifications),
    createChatRouter(deps.chat),
    createMessagesRouter(deps.chat),
    createUsersRouter(deps.users),
    createApiKeysRouter(deps.apiKeys),
    createRoomsRouter(deps.readEvents),
    createStatsRouter(deps.stats),
    ...(deps.routers ?? []),
  );
  router.use(routeNotFound, createErrorHandler(deps.logger));
  return router;
}

/** What stands at the root beside the API. Requests that are not for it pass on. */
export function createRootRouter({ readiness, logger, rootRouters = [] }: RootDeps): Router {
  const router = Router();
  router.use(createHealthRouter(readiness), ...rootRouters);
  router.use(createErrorHandler(logger));
  return router;
}

function corsFor(origins: '*' | readonly string[]): RequestHandler {
  const exposedHeaders = ['Retry-After', 'X-Request-Id'];
  return cors({ origin: origins === '*' ? '*' : [...origins], exposedHeaders, maxAge: 600 });
}
