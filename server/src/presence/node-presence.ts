// Who is where on this node: counts connections, and lets the store know only when a user's count in a place becomes
// nothing or something, so that cost does not grow with devices. Who is gone without a goodbye counts for the grace;
// whoever comes takes the place of one who is awaited. One write is under way at a time, and what it said is compared
// with the counts again when it returns: whatever happens meanwhile, the store ends with what is true.
import type { Clock } from '../ops/clock.js';
import { repeat } from '../ops/clock.js';
import { isTenantPlace, type Place } from './place.js';
import { GRACE_MS, type Card, type Change, type Life, type PresenceStore } from './presence-store.js';

const RENEW_MS = 2_000;
const REAP_MS = 1_000;
/** After the store could not be reached. */
const RETRY_MS = 1_000;
const ENTRIES_AT_ONCE = 500;

/** A user in a place. */
interface Presence {
  readonly place: Place;
  readonly user: string;
  /** In a tenant's own place. */
  card: Card | null;
  connections: number;
  /** When those who are awaited are given up, the first one first; null: nobody is. */
  awaited: number[] | null;
  /** What the store was told last. */
  written: boolean;
}

export interface NodePresence {
  /**
   * A connection of a user is in a place.
   * @param card in a tenant's own place: what is known of the user, but for a status that was set before
   * @returns whether it is the only one of theirs there on this node
   */
  enter(place: Place, user: string, card?: Card): boolean;
  /**
   * @param returns nobody said goodbye: it may be back soon
   * @returns whether it was the only one of theirs there on this node
   */
  leave(place: Place, user: string, returns: boolean): boolean;
  /** Whether a connection of the user is in the place, or awaited there. */
  has(place: Place, user: string): boolean;
  /** What this node knows of a user who is online here. */
  card(tenantPlace: Place, user: string): Card | null;
  /** Who is online here, each with their tenant's place. */
  connected(): Iterable<readonly [tenantPlace: Place, user: string]>;
  /** Gives a user another card. Resolves once everybody can see it. */
  describe(tenantPlace: Place, user: string, card: Card): Promise<void>;
  start(): Promise<void>;
  /** Resolves when the store has been told that this node goes. */
  stop(): Promise<void>;
}

interface Deps {
  node: string;
  store: PresenceStore;
  clock: Clock;
  /** Told of everybody who came or went by what this node has written. */
  changed: (changes: readonly Change[]) => void;
  /** Told of every card that this node has changed. */
  described: (change: Change) => void;
  /** Somebody came and went before the store was told. */
  forgotten: (place: Place, user: string) => void;
  failed: (error: unknown) => void;
}

export function createNodePresence({ node, store, clock, changed, described, forgotten, failed }: Deps): NodePresence {
  const places = new Map<Place, Map<string, Presence>>();
  /** What the store may have to be told of, in the order in which it happened. */
  const dirty = new Set<Presence>();
  /** Everybody who is awaited, the first to be given up first: all wait equally long. */
  const waiting: { presence: Presence; until: number }[] = [];
  const stops: (() => Promise<void>)[] = [];
  let life: Life | null = null;
  /** The lease was lost. */
  let ended = false;
  let writing: Promise<void> | null = null;
  let stopPausing = () => {};
  let cancelGivingUp: (() => void) | null = null;
  let stopped = false;

  function find(place: Place, user: string): Presence | undefined {
    return places.get(place)?.get(user);
  }

  function findOrMake(place: Place, user: string): Presence {
    const known = find(place, user);
    if (known) return known;
    const made: Presence = { place, user, card: null, connections: 0, awaited: null, written: false };
    const users = places.get(place);
    if (users) users.set(user, made);
    else places.set(place, new Map([[user, made]]));
    return made;
  }

  function forget({ place, user }: Presence, wasTold: boolean): void {
    const users = places.get(place);
    users?.delete(user);
    if (users?.size === 0) places.delete(place);
    if (!wasTold) forgotten(place, user);
  }

  function toBeWritten(presence: Presence): void {
    dirty.add(presence);
    proceed();
  }

  function proceed(): void {
    if (life && !stopped) writing ??= write();
  }

  /** All that changes the life or writes under it happens here, one after the other. */
  async function write(): Promise<void> {
    // What happens in this turn is written together.
    await Promise.resolve();
    while ((dirty.size > 0 || ended) && life && !stopped) {
      try {
        if (ended) await beginAgain();
        else await writeSome(life);
      } catch (error) {
        failed(error);
        await pause();
      }
    }
    // In the turn in which nothing was dirty, so that what comes next is not left lying.
    writing = null;
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(RETRY_MS, resolve);
      stopPausing = () => {
        cancel();
        resolve();
      };
    });
  }

  async function writeSome(own: Life): Promise<void> {
    const some = [...dirty].slice(0, ENTRIES_AT_ONCE);
    const told = some.filter((presence) => isHere(presence) !== presence.written);
    const entries = told.map((presence) => entryOf(presence));
    const changes = entries.length > 0 ? await store.write(own, entries) : [];
    if (changes === null) {
      ended = true;
      return;
    }
    for (const presence of some) dirty.delete(presence);
    told.forEach((presence, index) => (presence.written = entries[index]?.here ?? false));
    const wasTold = new Set(told);
    for (const presence of some) {
      if (isHere(presence) !== presence.written) dirty.add(presence);
      else if (!presence.written) forget(presence, wasTold.has(presence));
    }
    if (changes.length > 0) changed(changes);
  }

  /** What was written under the lost lease will be taken away, so everything is written under another one. */
  async function beginAgain(): Promise<void> {
    life = await store.begin(node);
    ended = false;
    for (const users of places.values()) {
      for (const presence of users.values()) {
        presence.written = false;
        dirty.add(presence);
      }
    }
  }

  async function renew(): Promise<void> {
    const own = life;
    if (!own || (await store.renew(own)) || life !== own) return;
    ended = true;
    proceed();
  }

  function giveUp(): void {
    cancelGivingUp = null;
    const now = clock.now();
    for (let first; (first = waiting[0]) && first.until <= now;) {
      waiting.shift();
      const { presence, until } = first;
      // Unless somebody has come in the place of the one who was awaited.
      if (presence.awaited?.[0] !== until) continue;
      presence.awaited.shift();
      if (presence.awaited.length === 0) presence.awaited = null;
      if (!isHere(presence)) toBeWritten(presence);
    }
    const [next] = waiting;
    if (next) cancelGivingUp = clock.after(next.until - now, giveUp);
  }

  function awaitReturn(presence: Presence): void {
    const until = clock.now() + GRACE_MS;
    (presence.awaited ??= []).push(until);
    waiting.push({ presence, until });
    cancelGivingUp ??= clock.after(GRACE_MS, giveUp);
  }

  return {
    enter(place, user, card) {
      const presence = findOrMake(place, user);
      if (card) presence.card = { ...card, status: presence.card?.status ?? card.status };
      presence.connections++;
      presence.awaited?.shift();
      if (presence.awaited?.length === 0) presence.awaited = null;
      if (!presence.written) toBeWritten(presence);
      return presence.connections === 1;
    },
    leave(place, user, returns) {
      const presence = find(place, user);
      if (!presence || presence.connections === 0) return false;
      presence.connections--;
      if (returns) awaitReturn(presence);
      if (!isHere(presence)) toBeWritten(presence);
      return presence.connections === 0;
    },
    has(place, user) {
      const presence = find(place, user);
      return presence !== undefined && isHere(presence);
    },
    card: (place, user) => find(place, user)?.card ?? null,
    *connected() {
      for (const [place, users] of places) {
        if (!isTenantPlace(place)) continue;
        for (const { user, connections } of users.values()) if (connections > 0) yield [place, user];
      }
    },
    async describe(place, user, card) {
      const presence = find(place, user);
      if (presence) presence.card = card;
      // Who is not online for the others yet will be, with this card.
      await writing;
      const change = await store.describe(place, user, card);
      if (change) described(change);
    },
    async start() {
      life = await store.begin(node);
      const reap = async () => {
        const changes = await store.reap();
        if (changes.length > 0) changed(changes);
      };
      stops.push(repeat(clock, RENEW_MS, renew, failed), repeat(clock, REAP_MS, reap, failed));
    },
    async stop() {
      stopped = true;
      cancelGivingUp?.();
      stopPausing();
      await Promise.all(stops.map((stop) => stop()));
      await writing;
      if (life) await store.end(life);
    },
  };
}

function isHere({ connections, awaited }: Presence): boolean {
  return connections > 0 || awaited !== null;
}

function entryOf(presence: Presence) {
  const { place, user, card } = presence;
  return { place, user, here: isHere(presence), ...(card && isTenantPlace(place) ? { card } : {}) };
}
