// When users were seen last, in the database: written lazily, many at once, since nobody needs it to the second. What
// was not written yet is known here. Who stays online is noted again every five minutes, so that it is about right also
// after a node was killed.
import type { LastSeen } from '../identity/user-store.js';
import { repeat, type Clock } from '../ops/clock.js';

const WRITE_MS = 1_000;
const USERS_AT_ONCE = 500;
const STILL_ONLINE_MS = 300_000;

/** A user of a tenant. */
export interface User {
  readonly tenant: string;
  readonly id: string;
}

export interface LastSeenTimes {
  /** The user was here now. */
  note(user: User): void;
  /** By user id; who was never seen is left out. */
  of(tenant: string, ids: readonly string[]): Promise<Map<string, Date>>;
  start(): void;
  /** Resolves when all is written. */
  stop(): Promise<void>;
}

/** The rows of users. */
export interface UserRows {
  writeLastSeen(seen: readonly LastSeen[]): Promise<void>;
  /** Who was never seen is left out. */
  readLastSeen(tenant: string, ids: readonly string[]): Promise<readonly Omit<LastSeen, 'tenant'>[]>;
}

interface Deps {
  users: UserRows;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock: () => number;
  online: () => Iterable<User>;
  failed: (error: unknown) => void;
}

export function createLastSeen({ users, clock, wallClock, online, failed }: Deps): LastSeenTimes {
  const unwritten = new Map<string, LastSeen>();
  const stops: (() => Promise<void>)[] = [];

  async function write(): Promise<void> {
    while (unwritten.size > 0) {
      const some = [...unwritten].slice(0, USERS_AT_ONCE);
      await users.writeLastSeen(some.map(([, seen]) => seen));
      // Unless the user was seen again meanwhile.
      for (const [key, seen] of some) if (unwritten.get(key) === seen) unwritten.delete(key);
    }
  }

  function note({ tenant, id }: User): void {
    unwritten.set(keyOf(tenant, id), { tenant, id, at: new Date(wallClock()) });
  }

  return {
    note,
    async of(tenant, ids) {
      const times = new Map<string, Date>();
      for (const { id, at } of await users.readLastSeen(tenant, ids)) times.set(id, at);
      for (const id of ids) {
        const seen = unwritten.get(keyOf(tenant, id));
        if (seen) times.set(id, seen.at);
      }
      return times;
    },
    start() {
      const noteOnline = async () => {
        for (const user of online()) note(user);
      };
      stops.push(repeat(clock, WRITE_MS, write, failed), repeat(clock, STILL_ONLINE_MS, noteOnline, failed));
    },
    async stop() {
      await Promise.all(stops.map((stop) => stop()));
      // The last chance: what cannot be written now is lost.
      await write().catch(failed);
    },
  };
}

function keyOf(tenant: string, id: string): string {
  return `${tenant}/${id}`;
}
