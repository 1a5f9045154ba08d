// The API as callers meet it: a listening Express application on a real database. Only what belongs to other parts is
// played: who a token is, the log of events, and the rooms.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RoomcastError, type Receipt } from '@roomcast/protocol';
import { pino } from 'pino';
import { v7 as newId } from 'uuid';
import { testDatabase } from '../../../tests/support/database.js';
import { AgentEntity } from '../../src/agents/agent-entity.js';
import { createAgents } from '../../src/agents/agents.js';
import { createLocalFiles } from '../../src/chat/attachment-files.js';
import { createChat } from '../../src/chat/chat.js';
import { repositoryKey } from '../../src/github/repository.js';
import { createHttpApp, type HttpAppDeps } from '../../src/http/app.js';
import { UserEntity } from '../../src/identity/user-entity.js';
import { ensureUser } from '../../src/identity/user-store.js';
import { roleSet, type Principal, type Role } from '../../src/identity/principal.js';
import { NotificationEntity } from '../../src/notifications/notification-entity.js';
import { createNotifications } from '../../src/notifications/notifications.js';
import { systemClock } from '../../src/ops/clock.js';
import { ProjectEntity } from '../../src/projects/project-entity.js';
import { projectRooms } from '../../src/projects/project-rooms.js';
import { createProjects } from '../../src/projects/projects.js';
import { migration as features } from '../../src/storage/migrations/0002-features.js';
import { query } from '../../src/storage/query.js';
import { createStorage, type Storage } from '../../src/storage/storage.js';
import { SuggestionEntity } from '../../src/suggestions/suggestion-entity.js';
import { createSuggestions } from '../../src/suggestions/suggestions.js';
import { createRecordingBroadcaster, type RecordingBroadcaster } from './recording-broadcaster.js';

/** An answer, its body parsed. */
export interface Answer {
  status: number;
  headers: Headers;
  // Tests reach into bodies whose form they are about to prove.
  body: Record<string, unknown>;
}

export interface Caller {
  readonly tenant: string;
  readonly userId: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body?: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
}

export interface ListeningApi {
  readonly url: string;
  readonly storage: Storage;
  readonly broadcaster: RecordingBroadcaster;
  /** Lines of the log. */
  readonly log: Record<string, unknown>[];
  /** Somebody with a valid token, in a tenant of their own unless one is named. */
  caller(who?: { tenant?: string; user?: string; roles?: Role[] }): Caller;
  close(): Promise<void>;
}

/** @param replaced parts that a test plays itself */
export async function listen(replaced: Partial<HttpAppDeps> = {}): Promise<ListeningApi> {
  const database = await testDatabase();
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const storage = await createStorage({
    databaseUrl: database.databaseUrl ?? null,
    dataDir: database.dataDir,
    entities: [ProjectEntity, AgentEntity, SuggestionEntity, NotificationEntity, UserEntity],
    migrations: [features],
    logger,
  });
  const { dataSource } = storage;
  const broadcaster = await createRecordingBroadcaster(dataSource);
  const principals = new Map<string, Principal>();
  const absent = () => Promise.reject(new Error('not played'));
  const app = createHttpApp({
    identity: {
      authenticate(token) {
        const principal = principals.get(token);
        return principal ? Promise.resolve(principal) : Promise.reject(new RoomcastError('unauthorized'));
      },
    },
    projects: createProjects({
      dataSource,
      broadcaster,
      repositoryKey,
      async readAt(tenant, _room, read) {
        const position = { offset: (await broadcaster.recorded(tenant)).length, epoch: 'e' };
        return { position, value: await read(dataSource.manager) };
      },
    }),
    agents: createAgents({ dataSource, broadcaster }),
    suggestions: createSuggestions({
      dataSource,
      broadcaster,
      async authorize(caller, room) {
        const entrants = [{ principal: caller, id: room.replace('project:', '') }];
        const decisions = await projectRooms.decide(entrants, (sql, params) => query(dataSource, sql, params));
        if (decisions[0] !== 'granted') throw new RoomcastError('not_found');
      },
    }),
    notifications: createNotifications({ dataSource, broadcaster, ensureUser }),
    chat: createChat({
      dataSource,
      broadcaster: { in: broadcaster.in, emit: absent },
      readAt: absent,
      ensureUser,
      revoke: absent,
      files: createLocalFiles(database.dataDir),
      clock: systemClock,
      failed() {},
      count() {},
      sent: absent,
      mentioned: absent,
      connected: absent,
    }),
    users: { find: absent, setActive: absent },
    apiKeys: { create: absent, list: absent, revoke: absent },
    publish: (): Promise<Receipt[]> => absent(),
    readEvents: absent,
    stats: absent,
    readiness: () => Promise.resolve({ ready: true, problems: [] }),
    corsOrigins: [],
    logger,
    ...replaced,
  });
  const server = createServer(app);
  const url = await listening(server);

  return {
    url,
    storage,
    broadcaster,
    log,
    caller({ tenant = newId(), user = 'ada', roles = [] } = {}) {
      const token = newId();
      principals.set(token, { tenant, userId: user, name: null, roles: roleSet(roles), keyId: null, expiresAt: null });
      return callerOf(url, token, tenant, user);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await storage.close();
      await database.drop();
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

function callerOf(url: string, token: string, tenant: string, userId: string): Caller {
  const send =
    (method: string) =>
    (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      request(`${url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
  const [get, post, put, patch, remove] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map(send) as [
    Caller['get'],
    Caller['post'],
    Caller['put'],
    Caller['patch'],
    Caller['delete'],
  ];
  return { tenant, userId, get, post, put, patch, delete: remove };
}

/** @returns the answer; an empty body is an empty object */
export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, body };
}
