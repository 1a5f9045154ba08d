// Who is here: online, and in which rooms, on all devices together. Connections come and go, and this says what others
// may see of it. People have presence; services that come with an API key do not.
import {
  PRESENCE_PAGE,
  RoomcastError,
  type Catalogue,
  type PresencePage,
  type PresenceStatus,
  type UserPresence,
} from '@roomcast/protocol';
import type { Principal } from '../identity/principal.js';
import type { Clock } from '../ops/clock.js';
import { createAnnouncements, type SharingOf } from './announcements.js';
import { createPresenceFrames } from './frames.js';
import { createLastSeen, type UserRows } from './last-seen.js';
import { createNodePresence } from './node-presence.js';
import { isTenantPlace, tenantOf, tenantPlace, type Place } from './place.js';
import type { Card, Change, PresenceStore } from './presence-store.js';
import { createWatchedRooms, memberOf, type Watcher, type WhoIsThere } from './watched-rooms.js';

/** A live connection, as far as presence is concerned. */
export interface PresentConnection extends Watcher {
  readonly id: string;
  readonly principal: Principal;
}

export interface Presence {
  connected(connection: PresentConnection): void;
  /** After it has left its rooms. @param returns it may be back soon: nobody said goodbye */
  disconnected(connection: PresentConnection, returns: boolean): void;
  /** @param room qualified by its tenant, as everywhere here */
  entered(connection: PresentConnection, room: Place): void;
  left(connection: PresentConnection, room: Place, returns: boolean): void;

  /** Lets rooms be watched in a later turn. Never rejects. @returns lets go of those that are not */
  prepare(rooms: readonly Place[]): Promise<() => void>;
  /**
   * From now on the connection is told who comes and goes in a room that it is in.
   * @returns who is there, oneself included, to be told first; null when nobody can know just now
   */
  watch(connection: PresentConnection, room: Place): WhoIsThere | null;
  unwatch(connection: PresentConnection, room: Place): void;
  /** Tells a connection that watches a room now of who came and went, which it would be told of a moment later. */
  catchUp(connection: PresentConnection, room: Place): void;

  /** Says how the user is here, until the last connection ends. @throws RoomcastError `forbidden` with an API key */
  set(caller: Principal, status: PresenceStatus): Promise<void>;
  /** Users of a tenant, in the order in which they are asked for. Nobody has ever seen one who does not exist. */
  get(tenant: string, ids: readonly string[]): Promise<UserPresence[]>;
  /**
   * Who is in a room, in the order of user ids.
   * @param connection of the caller: what it is told of the room later goes on from this answer
   */
  list(
    room: Place,
    page: { after?: string | undefined; limit?: number | undefined },
    connection?: PresentConnection,
  ): Promise<PresencePage>;

  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Deps {
  node: string;
  store: PresenceStore;
  catalogue: Catalogue;
  users: UserRows;
  sharingOf: SharingOf;
  /** Tells a user on all devices of another one. */
  tell: (tenant: string, recipient: string, presence: UserPresence) => Promise<unknown>;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock: () => number;
  failed: (error: unknown) => void;
}

export function createPresence(deps: Deps): Presence {
  const { node, store, catalogue, users, clock, wallClock, failed } = deps;
  const here = createNodePresence({
    node,
    store,
    clock,
    changed,
    described: (change) => announcements.noteCard(change),
    forgotten: (place, user) => watched.takeBack(place, user),
    failed,
  });
  const watched = createWatchedRooms({
    store,
    clock,
    wallClock,
    isHere: (place, user) => here.has(place, user),
    frames: createPresenceFrames(catalogue),
    failed,
  });
  const lastSeen = createLastSeen({ users, clock, wallClock, online: onlineHere, failed });

  const announcements = createAnnouncements({
    sharingOf: deps.sharingOf,
    online: async (place, ids) => [...(await store.find(place, ids)).keys()],
    presenceOf: async ({ tenant, id }) => (await get(tenant, [id]))[0] ?? nobody(id),
    tell: deps.tell,
    clock,
    failed,
  });
  let stopWatching = async () => {};

  function changed(changes: readonly Change[]): void {
    for (const change of changes) if (isTenantPlace(change.place)) announcements.note(change);
  }

  function* onlineHere() {
    for (const [place, id] of here.connected()) yield { tenant: tenantOf(place), id };
  }

  function newCard({ name }: Principal): Card {
    return { name, status: 'active' };
  }

  async function get(tenant: string, ids: readonly string[]): Promise<UserPresence[]> {
    const hall = tenantPlace(tenant);
    const online = new Map(await known(store.find(hall, ids)));
    // Who has just come to this node is here, whether the store knows it already or not.
    for (const id of ids) {
      const card = !online.has(id) && here.has(hall, id) ? here.card(hall, id) : null;
      if (card) online.set(id, card);
    }
    const offline = ids.filter((id) => !online.has(id));
    const times = offline.length > 0 ? await lastSeen.of(tenant, offline) : null;
    const now = new Date(wallClock()).toISOString();
    return ids.map((id) => {
      const card = online.get(id);
      if (card) return { user_id: id, online: true, status: card.status, last_seen: now };
      return { ...nobody(id), last_seen: times?.get(id)?.toISOString() ?? null };
    });
  }

  return {
    connected({ principal }) {
      if (!isPerson(principal)) return;
      const { tenant, userId: id } = principal;
      if (here.enter(tenantPlace(tenant), id, newCard(principal))) lastSeen.note({ tenant, id });
    },
    disconnected({ principal }, returns) {
      const { tenant, userId: id } = principal;
      if (here.leave(tenantPlace(tenant), id, returns)) lastSeen.note({ tenant, id });
    },
    entered({ principal }, room) {
      if (!isPerson(principal)) return;
      const { tenant, userId } = principal;
      here.enter(room, userId);
      watched.put(room, userId, here.card(tenantPlace(tenant), userId) ?? newCard(principal));
    },
    left(connection, room, returns) {
      watched.unwatch(connection, room);
      here.leave(room, connection.principal.userId, returns);
    },

    prepare: (rooms) => watched.prepare(rooms),
    watch: (connection, room) => watched.watch(connection, room),
    unwatch: (connection, room) => watched.unwatch(connection, room),
    catchUp: (connection, room) => watched.catchUp(connection, room),

    async set(caller, status) {
      if (!isPerson(caller)) throw new RoomcastError('forbidden', 'An API key has no presence.');
      const { tenant, userId, name } = caller;
      await known(here.describe(tenantPlace(tenant), userId, { name, status }));
    },

    get,

    async list(room, { after, limit = PRESENCE_PAGE }, connection) {
      if (connection) watched.catchUp(connection, room);
      const version = watched.versionOf(room);
      const { members, count, more } = await known(store.page(room, after ?? null, limit));
      return { version, members: members.map(([user, card]) => memberOf({ user, card })), count, has_more: more };
    },

    async start() {
      await here.start();
      stopWatching = watched.start();
      lastSeen.start();
    },
    async stop() {
      await stopWatching();
      await announcements.stop();
      await here.stop();
      await lastSeen.stop();
    },
  };
}

function nobody(id: string): UserPresence {
  return { user_id: id, online: false, status: 'offline', last_seen: null };
}

function isPerson({ keyId }: Principal): boolean {
  return keyId === null;
}

/** What the store cannot tell is not known, and never nothing. */
async function known<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (cause) {
    throw new RoomcastError('unavailable', 'It is not known just now who is here.', { cause });
  }
}
