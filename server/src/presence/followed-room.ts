// Keeps a view of one room in step with the store: reads it whole, then follows its changes and those of its members'
// cards, and reads it again when one of them was missed. What is not known for sure is not shown: before it was read
// nothing is, and while the store is away the view stays as it was.
import type { Clock } from '../ops/clock.js';
import { tenantOf, tenantPlace, type Place } from './place.js';
import type { Change, PlaceVersion, PresenceStore } from './presence-store.js';
import { RoomView } from './room-view.js';

/** After the store could not be reached. */
const RETRY_MS = 1_000;

export interface FollowedRoom {
  readonly view: RoomView;
  /** Whether it has been read. */
  readonly known: boolean;
  /** Resolves when it has been read, or could not be. */
  readonly ready: Promise<void>;
  /** The places whose versions it follows. */
  readonly follows: readonly Place[];
  /** Sees whether a change was missed. @param versions of the places that it follows, as they are now */
  check(versions: readonly PlaceVersion[]): void;
  /** Reads it again: what was put into the view may never have been true for others. */
  readAgain(): void;
  stop(): void;
}

interface Deps {
  store: Pick<PresenceStore, 'listen' | 'members' | 'versions'>;
  clock: Clock;
  /** Whether somebody is in a place on this node, whatever is heard of others. */
  isHere: (place: Place, user: string) => boolean;
  failed: (error: unknown) => void;
}

/** @param changed called after every change of the view, and when it is known */
export function followRoom(place: Place, { store, clock, isHere, failed }: Deps, changed: () => void): FollowedRoom {
  const view = new RoomView();
  const hall = tenantPlace(tenantOf(place));
  const follows = [place, hall];
  /** By place: what of it is in the view. Empty: it must be read. */
  const at = new Map<Place, PlaceVersion>();
  const stops: (() => void)[] = [];
  /** What was heard while the room is being read; null: it is not. */
  let heard: Change[] | null = null;
  let listens = false;
  let known = false;
  let stopped = false;
  let cancelRetry = () => {};

  function hear(change: Change): void {
    if (stopped) return;
    if (heard) return void heard.push(change);
    const before = at.get(change.place);
    if (before?.epoch !== change.version.epoch || change.version.number > before.number + 1) return readAgain();
    if (change.version.number <= before.number) return;
    at.set(change.place, change.version);
    if (change.place === place ? apply(change) : applyCard(change)) changed();
  }

  /** @returns whether the view has changed */
  function apply({ user, here, card }: Change): boolean {
    if (here) return view.put(user, card);
    // Who is here again was written off before, and will be written anew.
    return !isHere(place, user) && view.remove(user);
  }

  function applyCard({ user, here, card }: Change): boolean {
    return here && view.has(user) && view.put(user, card);
  }

  async function read(): Promise<void> {
    heard = [];
    if (!listens) for (const followed of follows) await listen(followed);
    listens = true;
    // The members are read after it, so their cards are at least as new.
    const [cards] = await store.versions([hall]);
    const { members, version } = await store.members(place);
    for (const { user } of view.everybody()) if (!members.has(user) && !isHere(place, user)) view.remove(user);
    for (const [user, card] of members) view.put(user, card);
    at.set(place, version);
    if (cards) at.set(hall, cards);
    known = true;
    const missed = heard;
    heard = null;
    for (const change of missed) hear(change);
    changed();
  }

  async function listen(to: Place): Promise<void> {
    const stop = await store.listen(to, hear);
    if (stopped) stop();
    else stops.push(stop);
  }

  async function attempt(): Promise<void> {
    try {
      await read();
    } catch (error) {
      heard = null;
      failed(error);
      if (!stopped) cancelRetry = clock.after(RETRY_MS, readAgain);
    }
  }

  function readAgain(): void {
    at.clear();
    cancelRetry();
    if (!heard && !stopped) void attempt();
  }

  return {
    view,
    follows,
    get known() {
      return known;
    },
    ready: attempt(),
    readAgain,
    check(versions) {
      const isAt = (followed: Place, now?: PlaceVersion) => {
        const then = at.get(followed);
        return !then || (then.epoch === now?.epoch && then.number >= now.number);
      };
      if (!heard && !follows.every((followed, index) => isAt(followed, versions[index]))) readAgain();
    },
    stop() {
      stopped = true;
      cancelRetry();
      for (const stop of stops) stop();
    },
  };
}
