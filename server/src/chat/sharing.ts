// Who shares a room with whom: both are in one session or conversation of at most 200, by the stored list, whether
// anybody is connected or not.
import type { DataSource } from 'typeorm';
import { query } from '../storage/query.js';

/** In rooms with more, people do not know of each other through the room. */
const SHARING_MEMBERS = 200;

export interface Sharing {
  /** The others with whom a user shares a room. */
  with(tenant: string, userId: string): Promise<string[]>;
  /** For each of some users, in order, the others with whom they share a room. */
  ofMany(users: readonly { tenant: string; id: string }[]): Promise<ReadonlySet<string>[]>;
  /** Which of some users share a room with a user; oneself always does. */
  among(tenant: string, userId: string, others: readonly string[]): Promise<ReadonlySet<string>>;
}

const SHARED = `
select distinct o.user_id from chat_members m
join chat_members o on o.tenant = m.tenant and o.room = m.room
where m.tenant = $1 and m.user_id = $2 and ($3::text[] is null or o.user_id = any ($3))
  and (select count(*) from (
    select 1 from chat_members c where c.tenant = m.tenant and c.room = m.room limit ${SHARING_MEMBERS + 1}) few)
    <= ${SHARING_MEMBERS}`;

const SHARED_BY_MANY = `
select distinct m.tenant, m.user_id as id, o.user_id as other
from (select distinct tenant, user_id from unnest($1::text[], $2::text[]) as asked (tenant, user_id)) asked
join chat_members m on m.tenant = asked.tenant and m.user_id = asked.user_id
join chat_members o on o.tenant = m.tenant and o.room = m.room and o.user_id <> m.user_id
where (select count(*) from (
    select 1 from chat_members c where c.tenant = m.tenant and c.room = m.room limit ${SHARING_MEMBERS + 1}) few)
    <= ${SHARING_MEMBERS}`;

export function createSharing({ dataSource }: { dataSource: DataSource }): Sharing {
  const read = async (tenant: string, userId: string, others: readonly string[] | null) =>
    (await query<{ user_id: string }>(dataSource, SHARED, [tenant, userId, others])).map(({ user_id }) => user_id);
  return {
    async with(tenant, userId) {
      return (await read(tenant, userId, null)).filter((other) => other !== userId);
    },
    async ofMany(users) {
      const others = new Map(users.map(({ tenant, id }) => [`${tenant}/${id}`, new Set<string>()]));
      const columns = [users.map(({ tenant }) => tenant), users.map(({ id }) => id)];
      for (const row of await query<{ tenant: string; id: string; other: string }>(
        dataSource,
        SHARED_BY_MANY,
        columns,
      )) {
        others.get(`${row.tenant}/${row.id}`)?.add(row.other);
      }
      return users.map(({ tenant, id }) => others.get(`${tenant}/${id}`) ?? new Set());
    },
    async among(tenant, userId, others) {
      const sharing = await read(tenant, userId, others);
      return new Set(others.includes(userId) ? [...sharing, userId] : sharing);
    },
  };
}
