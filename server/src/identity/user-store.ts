// The statements about users, one function each. Many users are read or written in one statement: a thousand
// connects at once must not be a thousand round trips.
import type { EntityManager } from 'typeorm';
import { query } from '../storage/query.js';
import { UserEntity, type UserRow } from './user-entity.js';

/** A user as a token names them. */
export interface SeenUser {
  readonly tenant: string;
  readonly id: string;
  readonly name: string | null;
}

/** What authentication needs of a user's row. */
export interface UserState extends SeenUser {
  readonly active: boolean;
}

/** Reads the rows of these users; who has none is left out. */
export async function readUserStates(manager: EntityManager, users: readonly SeenUser[]): Promise<UserState[]> {
  return query(
    manager,
    `select u.tenant, u.id, u.name, u.active from users u
     join unnest($1::text[], $2::text[]) as asked (tenant, id) on u.tenant = asked.tenant and u.id = asked.id`,
    [users.map(({ tenant }) => tenant), users.map(({ id }) => id)],
  );
}

/**
 * Makes the rows of these users, or puts the new name into them; a name that a token leaves out is kept.
 * @param users each user once, in one order everywhere, so that two nodes never wait for each other's rows
 */
export async function writeSeenUsers(manager: EntityManager, users: readonly SeenUser[]): Promise<UserState[]> {
  return query(
    manager,
    `insert into users (tenant, id, name)
     select tenant, id, name from unnest($1::text[], $2::text[], $3::text[]) as seen (tenant, id, name)
     on conflict (tenant, id) do update set name = coalesce(excluded.name, users.name)
     returning tenant, id, name, active`,
    [users.map(({ tenant }) => tenant), users.map(({ id }) => id), users.map(({ name }) => name)],
  );
}

/**
 * Makes the row of a user that somebody names, where there is none yet; an existing row is not touched.
 * @param ids user ids of the tenant, in any order
 */
export async function ensureUser(manager: EntityManager, tenant: string, ...ids: readonly string[]): Promise<void> {
  await query(
    manager,
    `insert into users (tenant, id) select $1, id from unnest($2::text[]) as named (id) on conflict do nothing`,
    [tenant, [...new Set(ids)].sort()],
  );
}

/** When a user was here last. */
export interface LastSeen {
  readonly tenant: string;
  readonly id: string;
  readonly at: Date;
}

/** Notes when these users, each named once, were here; an older time does not replace a newer one. */
export async function writeLastSeen(manager: EntityManager, seen: readonly LastSeen[]): Promise<void> {
  await query(
    manager,
    `with due as (
       select u.tenant, u.id, seen.at from users u
       join unnest($1::text[], $2::text[], $3::timestamptz[]) as seen (tenant, id, at)
         on u.tenant = seen.tenant and u.id = seen.id
       where u.last_seen is null or u.last_seen < seen.at
       order by u.tenant, u.id for update of u
     )
     update users u set last_seen = due.at from due where u.tenant = due.tenant and u.id = due.id`,
    [seen.map(({ tenant }) => tenant), seen.map(({ id }) => id), seen.map(({ at }) => at)],
  );
}

/** When these users were here last, as far as they were ever. */
export async function readLastSeen(
  manager: EntityManager,
  tenant: string,
  ids: readonly string[],
): Promise<Omit<LastSeen, 'tenant'>[]> {
  return query(
    manager,
    'select id, last_seen as at from users where tenant = $1 and id = any($2::text[]) and last_seen is not null',
    [tenant, ids],
  );
}

export async function findUser(manager: EntityManager, tenant: string, id: string): Promise<UserRow | null> {
  return manager.findOneBy(UserEntity, { tenant, id });
}

/** Until the transaction ends, nobody else changes the row, which must exist. */
export async function lockUser(manager: EntityManager, tenant: string, id: string): Promise<UserRow> {
  return manager.findOneOrFail(UserEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } });
}

export async function updateUser(
  manager: EntityManager,
  { tenant, id }: Pick<UserRow, 'tenant' | 'id'>,
  fields: Pick<UserRow, 'active'>,
): Promise<void> {
  await manager.update(UserEntity, { tenant, id }, fields);
}
