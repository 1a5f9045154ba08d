// Who is in one room, as this node sees it, with what has changed since all who watch it were told last. It decides
// only; who watches, timers and frames are in watched-rooms.ts.
import type { Card } from './presence-store.js';

export interface Somebody {
  readonly user: string;
  readonly card: Card;
}

export interface Difference {
  /** Who came, and who is there with another card. */
  readonly joins: readonly Somebody[];
  readonly leaves: readonly Somebody[];
}

interface Changed {
  readonly user: string;
  /** Null: was not there. */
  readonly before: Card | null;
}

export class RoomView {
  private readonly members = new Map<string, Card>();
  private changes: Changed[] = [];

  get size(): number {
    return this.members.size;
  }

  /** How many changes there have been since `settle`. */
  get changed(): number {
    return this.changes.length;
  }

  has(user: string): boolean {
    return this.members.has(user);
  }

  /** Everybody, in the order of user ids. */
  everybody(): Somebody[] {
    const users = [...this.members.keys()].sort();
    return users.flatMap((user) => this.somebody(user) ?? []);
  }

  /** @returns whether this was news */
  put(user: string, card: Card): boolean {
    const before = this.members.get(user) ?? null;
    if (before && before.name === card.name && before.status === card.status) return false;
    this.changes.push({ user, before });
    this.members.set(user, card);
    return true;
  }

  /** @returns whether this was news */
  remove(user: string): boolean {
    const before = this.members.get(user);
    if (!before) return false;
    this.changes.push({ user, before });
    this.members.delete(user);
    return true;
  }

  /**
   * What somebody has to be told who knows the first changes already. Who came and went since is not in it.
   * @param known how many changes: what `changed` was when they were told
   */
  since(known: number): Difference {
    const first = new Map<string, Card | null>();
    for (const { user, before } of this.changes.slice(known)) if (!first.has(user)) first.set(user, before);
    const joins: Somebody[] = [];
    const leaves: Somebody[] = [];
    for (const [user, before] of first) {
      const now = this.somebody(user);
      if (!now && before) leaves.push({ user, card: before });
      else if (now && !isSame(now.card, before)) joins.push(now);
    }
    return { joins, leaves };
  }

  /** Everybody who watches has been told everything. */
  settle(): void {
    this.changes = [];
  }

  private somebody(user: string): Somebody | null {
    const card = this.members.get(user);
    return card ? { user, card } : null;
  }
}

function isSame(one: Card, other: Card | null): boolean {
  return other !== null && one.name === other.name && one.status === other.status;
}
