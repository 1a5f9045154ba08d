// The webhook and the list of deliveries on a listening server and a real database. Played are only who a token is, the
// log of events, and the projects, which are rows that tests write.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { Router } from 'express';
import { pino } from 'pino';
import { v7 as newId } from 'uuid';
import { testDatabase } from '../../../tests/support/database.js';
import { eventually } from '../../../tests/support/eventually.js';
import type { WebhookSecret } from '../../src/config.js';
import type { EmitOptions } from '../../src/events/broadcaster.js';
import { createGitHubDeliveries, type GitHubDeliveries } from '../../src/github/deliveries.js';
import { InboxEntity } from '../../src/github/inbox-entity.js';
import type { ProcessorDeps, ProjectOfRepository } from '../../src/github/processor.js';
import { repositoryKey } from '../../src/github/repository.js';
import { webhookAccess } from '../../src/github/webhook-access.js';
import { createAuthenticate } from '../../src/http/authenticate.js';
import { createGitHubDeliveriesRouter } from '../../src/http/github-deliveries.js';
import { createErrorHandler } from '../../src/http/problem-details.js';
import { createWebhooksRouter } from '../../src/http/webhooks.js';
import { roleSet, type Role } from '../../src/identity/principal.js';
import { systemClock } from '../../src/ops/clock.js';
import { migration as features } from '../../src/storage/migrations/0002-features.js';
import { query } from '../../src/storage/query.js';
import { createStorage, type Storage } from '../../src/storage/storage.js';
import { request, type Answer } from '../http/listening-api.js';
import { createRecordingBroadcaster, type RecordedEvent } from '../http/recording-broadcaster.js';
import { webhookCall, webhookSecret, type WebhookCall } from '../../../tests/support/github-webhook.js';

/** An event that is about to be emitted. */
export interface Emitting {
  readonly event: string;
  readonly data: Record<string, unknown>;
  readonly options: EmitOptions;
}

export interface GitHubServer {
  readonly url: string;
  readonly storage: Storage;
  /** Ends the processing here; what comes afterwards is stored and stays pending. */
  stopProcessing(): Promise<void>;
  /** Empties the database and begins anew. */
  reset(retry?: ProcessorDeps['retry']): Promise<void>;
  /** Another node on the same database, started; whoever made it stops it. */
  anotherNode(): GitHubDeliveries;
  /** Called before each event is written; what it throws fails the delivery. */
  whileEmitting(act: (emitting: Emitting) => Promise<void> | void): void;
  deliver(call: WebhookCall): Promise<Answer>;
  /** A project of a tenant of its own unless one is named. */
  project(repositoryUrl: string, tenant?: string): Promise<ProjectOfRepository>;
  /** What was committed for a tenant, in order. */
  events(tenant: string): Promise<RecordedEvent[]>;
  /** What an admin of the tenant sees of its deliveries, the newest first. */
  listed(tenant: string): Promise<Record<string, unknown>[]>;
  call(method: string, path: string, who: { tenant: string; roles?: Role[] }): Promise<Answer>;
  /** Resolves when no delivery is pending. */
  processed(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  secrets?: readonly WebhookSecret[];
  production?: boolean;
}

const FAST_RETRY = { attempts: 3, firstMs: 5 };

export async function startGitHub({
  secrets = [{ tenant: null, secret: webhookSecret }],
  production = false,
}: Options = {}): Promise<GitHubServer> {
  const database = await testDatabase();
  const logger = pino({ level: 'silent' });
  const storage = await createStorage({
    databaseUrl: database.databaseUrl ?? null,
    dataDir: database.dataDir,
    entities: [InboxEntity],
    migrations: [features],
    logger,
  });
  const { dataSource } = storage;
  const recording = await createRecordingBroadcaster(dataSource);
  let whileEmitting: (emitting: Emitting) => Promise<void> | void = () => {};

  const deps: ProcessorDeps = {
    dataSource,
    broadcaster: {
      in: (manager) => ({
        async emit(event, data, options = {}) {
          await whileEmitting({ event, data: { ...data }, options });
          return recording.in(manager).emit(event, data, options);
        },
      }),
    },
    projectsOf: (manager, key) =>
      query(manager, 'select tenant, id from projects where repository_key = $1 and deleted_at is null order by 1, 2', [
        key,
      ]),
    clock: systemClock,
    logger,
    retry: FAST_RETRY,
  };
  let deliveries = createGitHubDeliveries(deps);

  const app = express();
  const { check } = webhookAccess({ githubWebhookSecrets: secrets, production });
  app.use(createWebhooksRouter({ check, receive: (...call) => deliveries.receive(...call) }));
  const api = Router();
  api.use(createAuthenticate({ authenticate: (token) => Promise.resolve(principalOf(token)) }));
  api.use(
    createGitHubDeliveriesRouter({
      list: (...call) => deliveries.list(...call),
      replay: (...call) => deliveries.replay(...call),
    }),
  );
  app.use('/api/v1', api);
  app.use(createErrorHandler(logger));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}`;

  const call: GitHubServer['call'] = (method, path, { tenant, roles = ['admin'] }) =>
    request(`${url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${[tenant, ...roles].join('/')}` } });

  return {
    url,
    storage,
    stopProcessing: () => deliveries.stop(),
    async reset(retry = FAST_RETRY) {
      await deliveries.stop();
      await storage.query('truncate github_inbox, github_inbox_tenants, projects, recorded');
      whileEmitting = () => {};
      deliveries = createGitHubDeliveries({ ...deps, retry });
    },
    anotherNode() {
      const node = createGitHubDeliveries(deps);
      node.start();
      return node;
    },
    whileEmitting(act) {
      whileEmitting = act;
    },
    deliver: (about) => request(`${url}/webhooks/github`, webhookCall({ secret: webhookSecret, ...about })),
    async project(repositoryUrl, tenant = newId()) {
      const id = newId();
      await storage.query(
        `insert into projects (tenant, id, name, repository_url, repository_key, status, created_by)
         values ($1, $2, 'A project', $3, $4, 'active', 'ada')`,
        [tenant, id, repositoryUrl, repositoryKey(repositoryUrl)],
      );
      return { tenant, id };
    },
    events: (tenant) => recording.recorded(tenant),
    async listed(tenant) {
      const { body } = await call('GET', '/github/deliveries?limit=200', { tenant });
      return body.items as Record<string, unknown>[];
    },
    call,
    async processed() {
      await eventually(
        async () => (await storage.query(`select id from github_inbox where status = 'pending'`)).length === 0,
        { withinMs: 25_000 },
      );
    },
    async close() {
      await deliveries.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
      await database.drop();
    },
  };
}

/** Tokens of these tests say in plain text who one is: the tenant and the roles. */
function principalOf(token: string) {
  const [tenant = '', ...roles] = token.split('/');
  return { tenant, userId: 'ada', name: null, roles: roleSet(roles), keyId: null, expiresAt: null };
}
