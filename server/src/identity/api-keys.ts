// API keys: made, listed and revoked by admins. A key is shown once; the transaction that revokes it also closes the
// connections that came with it.
import { createHash, randomBytes } from 'node:crypto';
import { id, optional, RoomcastError } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { ApiKeyRow } from './api-key-entity.js';
import * as store from './api-key-store.js';
import type { Forget, Revoke } from './end-of-rights.js';
import { isAdmin, roles, type Principal, type Role } from './principal.js';

const KEY_PREFIX = 'rc_';
const KEY_BYTES = 32;
const KEY_PATTERN = /^rc_[A-Za-z0-9_-]{43}$/;

/** What a new key is made from. */
export const newApiKey = z.object({
  id: optional(id),
  name: z.string().regex(/^[^\p{Cc}\p{Cs}]{1,256}$/u, 'takes 1–256 characters, no control characters'),
  roles: z.array(z.enum(roles)).max(roles.length),
  expires_at: optional(z.iso.datetime({ offset: true })),
});
export type NewApiKey = z.output<typeof newApiKey>;

/** A key as admins see it: all but the key. */
export interface ApiKey {
  id: string;
  name: string;
  roles: Role[];
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface ApiKeys {
  /**
   * @returns the new key; `key` is never shown again
   * @throws RoomcastError `forbidden` unless the caller is an admin, `bad_request` for an end that has passed,
   *   `conflict` when the id is taken by a key or a user
   */
  create(caller: Principal, input: NewApiKey): Promise<ApiKey & { key: string }>;
  /** The tenant's keys, newest first, revoked ones too. @throws RoomcastError `forbidden` unless for an admin */
  list(caller: Principal, page: ListRequest): Promise<ListPage<ApiKey>>;
  /** Ends a key and its connections; a second time changes nothing. @throws RoomcastError `forbidden`, `not_found` */
  revoke(caller: Principal, id: string): Promise<void>;
}

export interface ApiKeysDeps {
  readonly dataSource: DataSource;
  readonly revoke: Revoke;
  readonly forget: Forget;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function createApiKeys(deps: ApiKeysDeps): ApiKeys {
  return {
    create: (caller, input) => create(deps, caller, input),
    list: (caller, page) => list(deps, caller, page),
    revoke: (caller, keyId) => revoke(deps, caller, keyId),
  };
}

/** Whether a credential is meant as an API key; a JWT begins with `ey`. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith(KEY_PREFIX);
}

/** @returns what the row of this key holds; null for what cannot be a key */
export function hashOfKey(key: string): string | null {
  return KEY_PATTERN.test(key) ? createHash('sha256').update(key).digest('base64url') : null;
}

async function create({ dataSource, clock }: ApiKeysDeps, caller: Principal, input: NewApiKey) {
  onlyAdmins(caller);
  const expiresAt = input.expires_at === undefined ? null : new Date(input.expires_at);
  if (expiresAt && expiresAt.getTime() <= clock()) {
    const issues = [{ path: 'expires_at', message: 'takes a time that has not passed' }];
    throw new RoomcastError('bad_request', 'expires_at: takes a time that has not passed', { issues });
  }
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  const row: ApiKeyRow = {
    tenant: caller.tenant,
    id: input.id ?? newId(),
    hash: createHash('sha256').update(key).digest('base64url'),
    name: input.name,
    roles: [...new Set(input.roles)],
    createdBy: caller.userId,
    createdAt: new Date(clock()),
    expiresAt,
    revokedAt: null,
  };
  await inTransaction(dataSource, async (manager) => {
    if (!(await store.insertApiKey(manager, row))) throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
  });
  return { ...apiKeyOf(row), key };
}

async function list({ dataSource }: ApiKeysDeps, caller: Principal, page: ListRequest): Promise<ListPage<ApiKey>> {
  onlyAdmins(caller);
  return mapListPage(await store.listApiKeys(dataSource.manager, caller.tenant, page), apiKeyOf);
}

async function revoke(deps: ApiKeysDeps, caller: Principal, id: string): Promise<void> {
  onlyAdmins(caller);
  const { tenant } = caller;
  await inTransaction(deps.dataSource, async (manager) => {
    const row = await store.lockApiKey(manager, tenant, id);
    if (!row) throw new RoomcastError('not_found');
    if (row.revokedAt) return;
    await store.updateApiKey(manager, row, { revokedAt: new Date(deps.clock()) });
    await deps.revoke(manager, { tenant, key: id, reason: 'key revoked' });
  });
  deps.forget({ tenant, key: id });
}

function onlyAdmins(caller: Principal): void {
  if (!isAdmin(caller)) throw new RoomcastError('forbidden', 'API keys are managed by admins.');
}

function apiKeyOf(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    roles: row.roles,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
  };
}
