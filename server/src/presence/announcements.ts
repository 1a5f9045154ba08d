// Tells users that somebody with whom they share a room came, went, or says something else about being here. One telling
// of a user is under way at a time, and a pause follows it: who comes and goes faster than that is told as they are in
// the end, or not at all when that is what was told last.
import type { UserPresence } from '@roomcast/protocol';
import type { Clock } from '../ops/clock.js';
import { coalesce } from '../ops/coalesce.js';
import { tenantOf, type Place } from './place.js';
import type { Card, Change } from './presence-store.js';

const PAUSE_MS = 250;
/** After it could not be read who is to be told. */
const RETRY_MS = 1_000;
/** Users of one question, at most. */
const TOGETHER = 100;

/** A user of a tenant. */
export interface User {
  readonly tenant: string;
  readonly id: string;
}

/** @returns for each of the users, in order, the others who share a room with them by stored membership */
export type SharingOf = (users: readonly User[]) => Promise<readonly ReadonlySet<string>[]>;

export interface Announcements {
  /** Somebody came online in a tenant, or went, wherever that was told of last. */
  note(change: Change): void;
  /** Somebody who is online has another card. */
  noteCard(change: Change): void;
  /** Resolves when nothing is under way. What was not told by then is not told. */
  stop(): Promise<void>;
}

interface Deps {
  sharingOf: SharingOf;
  /** Those of some users who are online. */
  online: (tenantPlace: Place, users: readonly string[]) => Promise<readonly string[]>;
  presenceOf: (user: User) => Promise<UserPresence>;
  tell: (tenant: string, recipient: string, presence: UserPresence) => Promise<unknown>;
  clock: Clock;
  failed: (error: unknown) => void;
}

/** How somebody is here; null: not at all. */
type Being = Card['status'] | null;

interface Telling extends User {
  readonly place: Place;
  now: Being;
  /** What was told last; undefined: not by this telling. */
  last: Being | undefined;
  /** It is about another status of somebody who was told to be online before. */
  isStatus: boolean;
}

export function createAnnouncements(deps: Deps): Announcements {
  const { clock, failed } = deps;
  const under = new Map<string, { telling: Telling; done: Promise<void> }>();
  const pauses = new Set<() => void>();
  let stopped = false;

  // An error is one of the question, not one of each of its users: they come again with the next.
  const askSharing = coalesce<User, ReadonlySet<string> | null>(async (users) => {
    try {
      return await deps.sharingOf(users);
    } catch (error) {
      failed(error);
      return users.map(() => null);
    }
  }, TOGETHER);

  async function proceed(key: string, telling: Telling): Promise<void> {
    while (!stopped && telling.now !== telling.last) {
      await pause((await announce(telling)) ? PAUSE_MS : RETRY_MS);
    }
    // In the turn in which there was nothing to tell, so that what comes next begins anew.
    under.delete(key);
  }

  /** @returns false: it could not be told, and is to be tried again */
  async function announce(telling: Telling): Promise<boolean> {
    const { tenant, id, place, last } = telling;
    const sharing = await askSharing(telling);
    // Who has come back meanwhile was never away.
    if (sharing === null || telling.now === last) return sharing !== null;
    try {
      const presence = await deps.presenceOf(telling);
      const being = presence.status === 'offline' ? null : presence.status;
      if (being === last) return true;
      // Another status is news to the user's own devices too.
      const others = telling.isStatus || (last && being) ? [...sharing, id] : [...sharing];
      telling.isStatus = false;
      for (const recipient of await deps.online(place, others)) await deps.tell(tenant, recipient, presence);
      telling.last = being;
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  }

  function pause(ms: number): Promise<void> {
    if (stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        pauses.delete(end);
        resolve();
      };
      const cancel = clock.after(ms, end);
      pauses.add(end);
    });
  }

  function note({ place, user, here, card }: Change, isStatus: boolean): void {
    if (stopped) return;
    const tenant = tenantOf(place);
    const key = `${tenant}/${user}`;
    const now = here ? card.status : null;
    const known = under.get(key);
    if (known) {
      // Who comes twice has gone in between, and another node has told that.
      if (!isStatus && Boolean(known.telling.now) === here) known.telling.last = undefined;
      known.telling.now = now;
      known.telling.isStatus ||= isStatus;
      return;
    }
    const telling: Telling = { tenant, id: user, place, now, last: undefined, isStatus };
    const entry = { telling, done: Promise.resolve() };
    under.set(key, entry);
    entry.done = proceed(key, telling);
  }

  return {
    note: (change) => note(change, false),
    noteCard: (change) => note(change, true),
    async stop() {
      stopped = true;
      for (const end of [...pauses]) end();
      await Promise.all([...under.values()].map(({ done }) => done));
    },
  };
}
