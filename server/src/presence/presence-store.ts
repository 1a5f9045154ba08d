// Who is where, on all nodes together. Each node writes for itself, under a lease; what it wrote counts for as long as
// the lease lives, and for the grace after it, so that the users of a node that dies have time to come back elsewhere.
// One process needs only memory (memory-store.ts); every store keeps the same promises, which server/test/presence/
// store-contract.ts holds it to.
import type { PresenceStatus } from '@roomcast/protocol';
import type { Place } from './place.js';

/** How long somebody who is gone without a goodbye still counts as being here. */
export const GRACE_MS = 8_000;
/** A node that has not renewed its lease for so long is taken to be dead. */
export const LEASE_MS = 6_000;

/** One life of a node in the store. A node whose lease has ended begins another one, and writes everything again. */
export interface Life {
  readonly node: string;
  readonly incarnation: string;
}

/** What is known of a user who is online. */
export interface Card {
  readonly name: string | null;
  readonly status: PresenceStatus;
}

/** A user is, or is not any more, in a place on the node that writes it. */
export interface Entry {
  readonly place: Place;
  readonly user: string;
  readonly here: boolean;
  /** In a tenant's own place: what is known of a user who was not online until now. */
  readonly card?: Card;
}

/** Counts the changes of a place, one by one. A place that begins anew, or was lost, has another epoch. */
export interface PlaceVersion {
  readonly epoch: string;
  readonly number: number;
}

/** A user came into a place, on whatever node, or left the last node that had them there; or their card is another. */
export interface Change {
  readonly place: Place;
  readonly user: string;
  readonly here: boolean;
  readonly card: Card;
  readonly version: PlaceVersion;
}

export interface Members {
  /** All changes up to it are in here. */
  readonly version: PlaceVersion;
  readonly members: ReadonlyMap<string, Card>;
}

export interface MembersPage {
  /** In the order of user ids (by UTF-16 code units). */
  readonly members: readonly (readonly [user: string, card: Card])[];
  /** Of the whole place. */
  readonly count: number;
  readonly more: boolean;
}

/**
 * Every method may reject when the store cannot be reached, and has then done all of it or nothing; doing it again is
 * harmless. A store that cannot be reached knows nothing: it never answers that nobody is there.
 */
export interface PresenceStore {
  /** Begins a life of a node, whose lease lives for `LEASE_MS`. */
  begin(node: string): Promise<Life>;

  /** Lets the lease live for another `LEASE_MS`. @returns false: it has ended, and will not live again */
  renew(life: Life): Promise<boolean>;

  /** Ends the lease now. What was written under it counts for the grace. */
  end(life: Life): Promise<void>;

  /**
   * Writes entries, in their order. Each is checked, in the same step, to be written under a lease that lives: a process
   * that was paused does not write for a life that is over.
   * @returns the changes that this has made, each told to no other caller; null when the lease has ended, and then
   * nothing was written
   */
  write(life: Life, entries: readonly Entry[]): Promise<readonly Change[] | null>;

  /** Gives a user who is online another card. @returns the change; null when the user is not online, or it is the same */
  describe(tenantPlace: Place, user: string, card: Card): Promise<Change | null>;

  /**
   * Takes away what was written under leases that ended before the grace. Any number of nodes may call it at any time.
   * @returns the changes that this has made, each told to no other caller
   */
  reap(): Promise<readonly Change[]>;

  members(place: Place): Promise<Members>;

  /** The versions of places, in order. */
  versions(places: readonly Place[]): Promise<readonly PlaceVersion[]>;

  /** @param after the last user of the page before */
  page(place: Place, after: string | null, limit: number): Promise<MembersPage>;

  /** Those of the users who are in the place. */
  find(place: Place, users: readonly string[]): Promise<ReadonlyMap<string, Card>>;

  /**
   * Hears the changes of a place that are made once this has resolved, by whatever node. They come in order, but some
   * may never come: the versions of those that do tell, and `versions` does if it was the last.
   * @returns ends it
   */
  listen(place: Place, hear: (change: Change) => void): Promise<() => void>;
}
