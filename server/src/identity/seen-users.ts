// The users that tokens bring: their rows are made at first sight and refreshed when a token tells another name.
// A user who is known as they are costs a read, shared with all who come at the same time, and never a write.
import type { DataSource } from 'typeorm';
import { createRememberedRows, type RememberedRows } from './remembered-rows.js';
import { readUserStates, writeSeenUsers, type SeenUser, type UserState } from './user-store.js';

const MAX_USERS = 20_000;

interface SeenUsersDeps {
  readonly dataSource: DataSource;
  /** How long a row is believed. */
  readonly keepMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export function createSeenUsers({ dataSource, keepMs, clock }: SeenUsersDeps): RememberedRows<SeenUser, UserState> {
  return createRememberedRows<SeenUser, UserState>({
    // With the name: who comes with a new one is not answered from what is remembered of the old.
    keyOf: (user) => `${rowKey(user)}/${user.name ?? ''}`,
    read: (asks) => seeUsers(dataSource, asks),
    keepMs,
    capacity: MAX_USERS,
    clock,
  });
}

async function seeUsers(dataSource: DataSource, asks: readonly SeenUser[]): Promise<(UserState | undefined)[]> {
  const users = [...byRow(asks).values()];
  const stored = byRow(await readUserStates(dataSource.manager, users));
  const news = users.filter((user) => isNews(user, stored.get(rowKey(user))));
  if (news.length > 0) {
    news.sort((one, other) => (rowKey(one) < rowKey(other) ? -1 : 1));
    for (const row of await writeSeenUsers(dataSource.manager, news)) stored.set(rowKey(row), row);
  }
  return asks.map((user) => stored.get(rowKey(user)));
}

function isNews(user: SeenUser, stored: UserState | undefined): boolean {
  return !stored || (user.name !== null && user.name !== stored.name);
}

function rowKey({ tenant, id }: SeenUser): string {
  return `${tenant}/${id}`;
}

function byRow<User extends SeenUser>(users: readonly User[]): Map<string, User> {
  return new Map(users.map((user) => [rowKey(user), user]));
}
