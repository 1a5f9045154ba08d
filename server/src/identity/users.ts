// What may be asked and changed about a user. The transaction that switches a user off also throws them out.
import { RoomcastError } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { inTransaction } from '../storage/transaction.js';
import type { Forget, Revoke } from './end-of-rights.js';
import { isAdmin, type Principal } from './principal.js';
import type { UserRow } from './user-entity.js';
import * as store from './user-store.js';

/** A user as callers see them. */
export interface User {
  id: string;
  /** Null until a token has told it. */
  name: string | null;
  active: boolean;
  last_seen: string | null;
}

export interface Users {
  /**
   * A user of the caller's tenant: oneself, and for admins everybody.
   * @throws RoomcastError `forbidden`, `not_found`
   */
  find(caller: Principal, id: string): Promise<User>;

  /**
   * Switches a user on or off. Who is off is refused everywhere, and out of every connection within 1 s.
   * Also a user whom nobody has seen yet may be switched off.
   * @throws RoomcastError `forbidden` unless the caller is an admin
   */
  setActive(caller: Principal, id: string, active: boolean): Promise<User>;
}

export interface UsersDeps {
  readonly dataSource: DataSource;
  readonly revoke: Revoke;
  readonly forget: Forget;
}

export function createUsers(deps: UsersDeps): Users {
  return {
    find: (caller, id) => find(deps, caller, id),
    setActive: (caller, id, active) => setActive(deps, caller, id, active),
  };
}

async function find({ dataSource }: UsersDeps, caller: Principal, id: string): Promise<User> {
  if (id !== caller.userId && !isAdmin(caller)) {
    throw new RoomcastError('forbidden', 'Other users are shown to admins only.');
  }
  const row = await store.findUser(dataSource.manager, caller.tenant, id);
  if (!row) throw new RoomcastError('not_found');
  return userOf(row);
}

async function setActive(deps: UsersDeps, caller: Principal, id: string, active: boolean): Promise<User> {
  if (!isAdmin(caller)) throw new RoomcastError('forbidden', 'Users are switched on and off by admins.');
  const { tenant } = caller;
  const row = await inTransaction(deps.dataSource, async (manager) => {
    await store.ensureUser(manager, tenant, id);
    const before = await store.lockUser(manager, tenant, id);
    await store.updateUser(manager, before, { active });
    if (before.active && !active) await deps.revoke(manager, { tenant, user: id, reason: 'deactivated' });
    return { ...before, active };
  });
  deps.forget({ tenant, user: id });
  return userOf(row);
}

function userOf({ id, name, active, lastSeen }: UserRow): User {
  return { id, name, active, last_seen: lastSeen?.toISOString() ?? null };
}
