// The rooms that somebody on this node watches, and what each watcher has been told. Changes are gathered, so that a
// thousand who come at once are a few frames for each who is there, and not a thousand: for a millisecond a watcher,
// within 250 ms and a second. Who begins to watch is told the present at once; a room of more than 200 members is told
// by its number only, and while that goes on changing, when it is a quarter more or less.
import { MOST_MEMBERS_TOLD, type PresencePage, type RoomMember } from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import { repeat, type Clock } from '../ops/clock.js';
import { followRoom, type FollowedRoom } from './followed-room.js';
import type { PresenceFrames } from './frames.js';
import type { Place } from './place.js';
import type { Card, PresenceStore } from './presence-store.js';
import type { RoomView, Somebody } from './room-view.js';

const SHORTEST_MS = 250;
const LONGEST_MS = 1_000;
const MS_A_WATCHER = 1;
/** A number that goes on changing is told when it is so much another one, or nothing has changed for a moment, or late. */
const COUNT_CHANGE = 0.25;
const QUIET_MS = 250;
const LATE_MS = 5_000;
/** How often it is seen whether a change was missed without another one that tells. */
const CHECK_MS = 5_000;

/** A connection that is told who is in a room. */
export interface Watcher {
  readonly wire: { write(frames: readonly EventFrame[]): void };
}

/** What a watcher has been told: the members, with so many changes of the view; how many they are; or nothing. */
type Told = { readonly changes: number } | { readonly count: number } | null;

interface WatchedRoom {
  readonly place: Place;
  readonly followed: FollowedRoom;
  readonly watchers: Map<Watcher, Told>;
  /** Subscribes under way. */
  pins: number;
  /** Of the newest change. */
  version: number;
  /** The number that everybody was told last; null: they know who is there. */
  toldCount: number | null;
  /** When the room changed first since everybody was told, and when last. */
  changedFrom: number;
  changedAt: number;
  cancelTelling: (() => void) | null;
}

/** The same, for an answer and as an event. */
export interface WhoIsThere {
  readonly page: PresencePage;
  readonly frame: EventFrame;
}

export interface WatchedRooms {
  /** Lets rooms be watched from a later turn on. @returns lets go of them; resolves when it is known who is there */
  prepare(places: readonly Place[]): Promise<() => void>;
  /**
   * Begins, or begins anew. The room must be prepared.
   * @returns who is there, to be told first; null when that cannot be known, and is told when it can
   */
  watch(watcher: Watcher, place: Place): WhoIsThere | null;
  unwatch(watcher: Watcher, place: Place): void;
  /** Tells a watcher of the place now what it does not know yet. */
  catchUp(watcher: Watcher, place: Place): void;
  /** Somebody is in the place on this node, whether the store knows it already or not. */
  put(place: Place, user: string, card: Card): void;
  /** Somebody who was put is not there any more, and the store was never told that they were. */
  takeBack(place: Place, user: string): void;
  /** The version of what is known of the place now. */
  versionOf(place: Place): number;
  /** Begins to look for changes that were missed. @returns stops everything */
  start(): () => Promise<void>;
}

interface Deps {
  store: Pick<PresenceStore, 'listen' | 'members' | 'versions'>;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock: () => number;
  isHere: (place: Place, user: string) => boolean;
  frames: PresenceFrames;
  failed: (error: unknown) => void;
}

export function createWatchedRooms(deps: Deps): WatchedRooms {
  const { clock, wallClock, frames } = deps;
  const rooms = new Map<Place, WatchedRoom>();
  let newest = 0;

  /** It keeps up with the time, so that it rises over restarts too. */
  const nextVersion = () => (newest = Math.max(newest + 1, wallClock()));

  function open(place: Place): WatchedRoom {
    const known = rooms.get(place);
    if (known) return known;
    const room: WatchedRoom = {
      place,
      followed: followRoom(place, deps, () => changed(room)),
      watchers: new Map(),
      pins: 0,
      version: nextVersion(),
      toldCount: null,
      changedFrom: 0,
      changedAt: 0,
      cancelTelling: null,
    };
    rooms.set(place, room);
    return room;
  }

  function closeUnused(room: WatchedRoom): void {
    if (room.pins > 0 || room.watchers.size > 0) return;
    rooms.delete(room.place);
    room.cancelTelling?.();
    room.followed.stop();
  }

  async function check(): Promise<void> {
    const followed = [...rooms.values()].map((room) => room.followed);
    const versions = await deps.store.versions(followed.flatMap(({ follows }) => follows));
    let next = 0;
    for (const { follows, check: seeWhether } of followed) {
      seeWhether(versions.slice(next, (next += follows.length)));
    }
  }

  function changed(room: WatchedRoom): void {
    room.version = nextVersion();
    room.changedAt = clock.now();
    if (room.watchers.size === 0) return room.followed.view.settle();
    if (room.cancelTelling) return;
    room.changedFrom = room.changedAt;
    tellLater(room);
  }

  function tellLater(room: WatchedRoom): void {
    room.cancelTelling = clock.after(pauseFor(room.watchers.size), () => {
      room.cancelTelling = null;
      if (!room.followed.known) return;
      if (isDue(room)) tellAll(room);
      else tellLater(room);
    });
  }

  /** A crowd that grows is told of its size as often as its size is another one, and not as often as it takes long. */
  function isDue({ toldCount, changedFrom, changedAt, followed: { view } }: WatchedRoom): boolean {
    if (toldCount === null || view.size <= MOST_MEMBERS_TOLD) return true;
    if (Math.abs(view.size - toldCount) >= toldCount * COUNT_CHANGE) return true;
    return clock.now() - changedAt >= QUIET_MS || clock.now() - changedFrom >= LATE_MS;
  }

  function tellAll(room: WatchedRoom): void {
    const { watchers } = room;
    const made = new Map<string, EventFrame | null>();
    for (const [watcher, told] of watchers) {
      const key = JSON.stringify(told);
      if (!made.has(key)) made.set(key, news(room, told));
      const frame = made.get(key);
      if (frame) watcher.wire.write([frame]);
    }
    const { view } = room.followed;
    view.settle();
    room.toldCount = view.size > MOST_MEMBERS_TOLD ? view.size : null;
    const knows = everything(view);
    for (const watcher of watchers.keys()) watchers.set(watcher, knows);
  }

  /** @returns what somebody has to be told who was told this; null: nothing */
  function news({ place, version, followed: { view } }: WatchedRoom, told: Told): EventFrame | null {
    if (view.size > MOST_MEMBERS_TOLD) {
      return told && 'count' in told && told.count === view.size ? null : frames.count(place, view.size);
    }
    if (!told || 'count' in told) return frames.state(place, version, view.everybody().map(memberOf));
    const { joins, leaves } = view.since(told.changes);
    if (joins.length + leaves.length === 0) return null;
    return frames.diff(place, version, joins.map(memberOf), leaves.map(memberOf));
  }

  function tell(watcher: Watcher, room: WatchedRoom, told: Told): void {
    const frame = news(room, told);
    if (frame) watcher.wire.write([frame]);
    room.watchers.set(watcher, everything(room.followed.view));
  }

  return {
    async prepare(places) {
      const prepared = places.map(open);
      for (const room of prepared) room.pins++;
      await Promise.all(prepared.map(({ followed }) => followed.ready));
      return () => {
        for (const room of prepared) {
          room.pins--;
          closeUnused(room);
        }
      };
    },
    watch(watcher, place) {
      const room = rooms.get(place);
      if (!room) return null;
      const { view, known } = room.followed;
      room.watchers.set(watcher, known ? everything(view) : null);
      if (!known) return null;
      const [version, count] = [room.version, view.size];
      const few = count <= MOST_MEMBERS_TOLD;
      const members = few ? view.everybody().map(memberOf) : [];
      return {
        page: { version, members, count, has_more: !few },
        frame: few ? frames.state(place, version, members) : frames.count(place, count),
      };
    },
    unwatch(watcher, place) {
      const room = rooms.get(place);
      if (room?.watchers.delete(watcher)) closeUnused(room);
    },
    catchUp(watcher, place) {
      const room = rooms.get(place);
      const told = room?.watchers.get(watcher);
      if (room && told) tell(watcher, room, told);
    },
    put(place, user, card) {
      const room = rooms.get(place);
      // Of who is there already the store knows more than this node: another one may have set their status.
      if (room && !room.followed.view.has(user) && room.followed.view.put(user, card)) changed(room);
    },
    takeBack(place, user) {
      const followed = rooms.get(place)?.followed;
      if (followed?.view.has(user)) followed.readAgain();
    },
    versionOf: (place) => rooms.get(place)?.version ?? nextVersion(),
    start() {
      const stopChecking = repeat(clock, CHECK_MS, check, deps.failed);
      return () => {
        for (const room of rooms.values()) {
          room.cancelTelling?.();
          room.followed.stop();
        }
        rooms.clear();
        return stopChecking();
      };
    },
  };
}

function pauseFor(watchers: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, watchers * MS_A_WATCHER));
}

/** What somebody knows who was told everything. */
function everything(view: RoomView): Told {
  return view.size > MOST_MEMBERS_TOLD ? { count: view.size } : { changes: view.changed };
}

/** As others are told of them. */
export function memberOf({ user, card: { name, status } }: Somebody): RoomMember {
  return { user_id: user, ...(name === null ? {} : { name }), status };
}
