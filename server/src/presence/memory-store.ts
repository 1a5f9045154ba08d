// Who is where, in the memory of one process: for a node that is alone, or several that tests play in one process.
import { v7 as uuid } from 'uuid';
import type { Clock } from '../ops/clock.js';
import { isTenantPlace, tenantOf, tenantPlace, type Place } from './place.js';
import { GRACE_MS, LEASE_MS } from './presence-store.js';
import type { Card, Change, Entry, Life, MembersPage, PlaceVersion, PresenceStore } from './presence-store.js';

/** A life, or several where a user is in a place on more than one node: almost always one, so it is not put in a set. */
type Holders = Life | Set<Life>;

interface Hall {
  readonly epoch: string;
  number: number;
  readonly holders: Map<string, Holders>;
  readonly listeners: Set<(change: Change) => void>;
  /** In order; null: to be made again. */
  sorted: string[] | null;
}

/** The epoch of a place where nobody is. */
const NEVER = '';
const NEUTRAL: Card = { name: null, status: 'active' };

export function createMemoryStore(clock: Pick<Clock, 'now'>): PresenceStore {
  const halls = new Map<Place, Hall>();
  /** By life: when its lease ends. A life that is not here has been reaped. */
  const leases = new Map<Life, number>();
  /** By tenant's place: the cards of who is online. */
  const cards = new Map<Place, Map<string, Card>>();
  let epochs = 0;

  const lives = (life: Life) => (leases.get(life) ?? 0) > clock.now();
  const cardOf = (place: Place, user: string) => cards.get(tenantPlace(tenantOf(place)))?.get(user) ?? NEUTRAL;

  function hallOf(place: Place): Hall {
    const known = halls.get(place);
    if (known) return known;
    const hall: Hall = {
      epoch: String(++epochs),
      number: 0,
      holders: new Map(),
      listeners: new Set(),
      sorted: null,
    };
    halls.set(place, hall);
    return hall;
  }

  function versionOf(place: Place): PlaceVersion {
    const { epoch = NEVER, number = 0 } = halls.get(place) ?? {};
    return { epoch, number };
  }

  function forgetEmpty(place: Place, { holders, listeners }: Hall): void {
    if (holders.size === 0 && listeners.size === 0) halls.delete(place);
  }

  function tell(place: Place, hall: Hall, user: string, here: boolean): Change {
    const version = { epoch: hall.epoch, number: ++hall.number };
    const change = { place, user, here, card: cardOf(place, user), version };
    for (const hear of [...hall.listeners]) hear(change);
    return change;
  }

  function enter(life: Life, { place, user, card }: Entry): Change | null {
    const hall = hallOf(place);
    const before = hall.holders.get(user);
    hall.holders.set(user, withHolder(before, life));
    if (before) return null;
    if (card) setCard(place, user, card);
    hall.sorted = null;
    return tell(place, hall, user, true);
  }

  function leave(life: Life, place: Place, user: string): Change | null {
    const hall = halls.get(place);
    const before = hall?.holders.get(user);
    if (!hall || !before) return null;
    const after = withoutHolder(before, life);
    if (after) {
      hall.holders.set(user, after);
      return null;
    }
    hall.holders.delete(user);
    hall.sorted = null;
    const change = tell(place, hall, user, false);
    if (isTenantPlace(place)) dropCard(place, user);
    forgetEmpty(place, hall);
    return change;
  }

  function setCard(place: Place, user: string, card: Card): void {
    const known = cards.get(place);
    if (known) known.set(user, card);
    else cards.set(place, new Map([[user, card]]));
  }

  function dropCard(place: Place, user: string): void {
    const known = cards.get(place);
    known?.delete(user);
    if (known?.size === 0) cards.delete(place);
  }

  function takeAway(life: Life): Change[] {
    leases.delete(life);
    return [...halls].flatMap(([place, hall]) =>
      [...hall.holders.keys()].flatMap((user) => leave(life, place, user) ?? []),
    );
  }

  function page(place: Place, after: string | null, limit: number): MembersPage {
    const hall = halls.get(place);
    if (!hall) return { members: [], count: 0, more: false };
    const sorted = (hall.sorted ??= [...hall.holders.keys()].sort());
    const from = after === null ? 0 : sorted.findIndex((user) => user > after);
    const users = from < 0 ? [] : sorted.slice(from, from + limit);
    const more = from >= 0 && from + limit < sorted.length;
    return { members: users.map((user) => [user, cardOf(place, user)] as const), count: sorted.length, more };
  }

  return {
    async begin(node) {
      const life = { node, incarnation: uuid() };
      leases.set(life, clock.now() + LEASE_MS);
      return life;
    },
    async renew(life) {
      if (!lives(life)) return false;
      leases.set(life, clock.now() + LEASE_MS);
      return true;
    },
    async end(life) {
      if (lives(life)) leases.set(life, clock.now());
    },
    async write(life, entries) {
      if (!lives(life)) return null;
      return entries.flatMap((entry) => {
        const change = entry.here ? enter(life, entry) : leave(life, entry.place, entry.user);
        return change ?? [];
      });
    },
    async describe(place, user, card) {
      const hall = halls.get(place);
      const before = cardOf(place, user);
      if (!hall?.holders.has(user) || (before.name === card.name && before.status === card.status)) return null;
      setCard(place, user, card);
      return tell(place, hall, user, true);
    },
    async reap() {
      const over = [...leases].filter(([, end]) => end + GRACE_MS <= clock.now());
      return over.flatMap(([life]) => takeAway(life));
    },
    async members(place) {
      const users = [...(halls.get(place)?.holders.keys() ?? [])];
      return { version: versionOf(place), members: new Map(users.map((user) => [user, cardOf(place, user)])) };
    },
    versions: async (places) => places.map(versionOf),
    page: async (place, after, limit) => page(place, after, limit),
    async find(place, users) {
      const holders = halls.get(place)?.holders;
      const here = users.filter((user) => holders?.has(user));
      return new Map(here.map((user) => [user, cardOf(place, user)]));
    },
    async listen(place, hear) {
      // Each is told once, however often the same function listens.
      const own = (change: Change) => hear(change);
      hallOf(place).listeners.add(own);
      return () => {
        const hall = halls.get(place);
        if (!hall?.listeners.delete(own)) return;
        forgetEmpty(place, hall);
      };
    },
  };
}

function withHolder(before: Holders | undefined, life: Life): Holders {
  if (!before || before === life) return life;
  return before instanceof Set ? before.add(life) : new Set([before, life]);
}

/** @returns null when nobody is left */
function withoutHolder(before: Holders, life: Life): Holders | null {
  if (!(before instanceof Set)) return before === life ? null : before;
  before.delete(life);
  const [only, other] = before;
  return only && !other ? only : before;
}
