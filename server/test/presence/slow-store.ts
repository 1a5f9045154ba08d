// A store as a network makes it: every call takes some time, what is heard comes later and in order, and some of it
// never. A node that is cut off from it gets an error instead.
import type { Clock } from '../../src/ops/clock.js';
import type { Change, PresenceStore } from '../../src/presence/presence-store.js';

export interface SlowStore extends PresenceStore {
  /** Whether calls fail. */
  away: boolean;
}

interface Options {
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  /** Longest time of a call's way there, its way back, and of what is heard, in milliseconds. */
  delayMs: number;
  /** Share of what is heard that is lost, from 0 to 1. */
  loss: number;
}

export function createSlowStore(store: PresenceStore, { clock, random, delayMs, loss }: Options): SlowStore {
  const way = () => new Promise<void>((resolve) => void clock.after(random() * delayMs, resolve));

  function assertThere(): void {
    if (slow.away) throw new Error('the store is away');
  }

  async function call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    await way();
    assertThere();
    const answer = await ask();
    await way();
    assertThere();
    return answer;
  }

  function later(hear: (change: Change) => void): (change: Change) => void {
    let free = 0;
    return (change) => {
      if (slow.away || random() < loss) return;
      free = Math.max(free, clock.now() + random() * delayMs);
      clock.after(free - clock.now(), () => hear(change));
    };
  }

  const slow: SlowStore = {
    away: false,
    begin: (node) => call(() => store.begin(node)),
    renew: (life) => call(() => store.renew(life)),
    end: (life) => call(() => store.end(life)),
    write: (life, entries) => call(() => store.write(life, entries)),
    describe: (place, user, card) => call(() => store.describe(place, user, card)),
    reap: () => call(() => store.reap()),
    members: (place) => call(() => store.members(place)),
    versions: (places) => call(() => store.versions(places)),
    page: (place, after, limit) => call(() => store.page(place, after, limit)),
    find: (place, users) => call(() => store.find(place, users)),
    listen: (place, hear) => call(() => store.listen(place, later(hear))),
  };
  return slow;
}
