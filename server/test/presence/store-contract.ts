// What every presence store promises, as tests: call it in a test file of the store.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Card, Change, Entry, Life, PresenceStore } from '../../src/presence/presence-store.js';

/** Nodes that share a store. */
export interface StoreWorld {
  /** The same store, as another node sees it. */
  store(): PresenceStore;
  /** Lets time go on for the store. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const HALL = 'acme/';
const ROOM = 'acme/project:42';
const ada: Card = { name: 'Ada', status: 'active' };
const nobody: Card = { name: null, status: 'active' };

const enters = (user: string, place = ROOM, card?: Card): Entry => ({ place, user, here: true, ...(card && { card }) });
const leaves = (user: string, place = ROOM): Entry => ({ place, user, here: false });
const briefly = (changes: readonly Change[] | null) =>
  changes?.map(({ place, user, here }) => `${user} ${here ? 'in' : 'out of'} ${place}`) ?? 'ended';

/** @param name of the store @param open a world in which nobody is anywhere */
export function presenceStoreContract(name: string, open: () => Promise<StoreWorld>): void {
  const worlds: StoreWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  async function begin(): Promise<{ world: StoreWorld; store: PresenceStore; life: Life }> {
    const world = await open();
    worlds.push(world);
    const store = world.store();
    return { world, store, life: await store.begin('one') };
  }

  async function usersIn(store: PresenceStore, place = ROOM): Promise<string[]> {
    const { members } = await store.members(place);
    return [...members.keys()].sort();
  }

  describe(`the presence store ${name}`, () => {
    it('begins with nobody anywhere', async () => {
      const { store } = await begin();
      expect(await usersIn(store)).toEqual([]);
      expect(await store.page(ROOM, null, 10)).toEqual({ members: [], count: 0, more: false });
      expect([...(await store.find(ROOM, ['ada']))]).toEqual([]);
    });

    it('answers a write with what has changed by it', async () => {
      const { store, life } = await begin();
      expect(briefly(await store.write(life, [enters('ada'), enters('bob'), leaves('eve')]))).toEqual([
        `ada in ${ROOM}`,
        `bob in ${ROOM}`,
      ]);
      expect(briefly(await store.write(life, [enters('ada'), leaves('bob'), enters('bob')]))).toEqual([
        `bob out of ${ROOM}`,
        `bob in ${ROOM}`,
      ]);
      expect(await usersIn(store)).toEqual(['ada', 'bob']);
    });

    it('keeps a user in a place until the last node has let go', async () => {
      const { world, store, life } = await begin();
      const other = world.store();
      const otherLife = await other.begin('two');
      await store.write(life, [enters('ada')]);
      expect(briefly(await other.write(otherLife, [enters('ada')]))).toEqual([]);
      expect(briefly(await store.write(life, [leaves('ada')]))).toEqual([]);
      expect(await usersIn(other)).toEqual(['ada']);
      expect(briefly(await other.write(otherLife, [leaves('ada')]))).toEqual([`ada out of ${ROOM}`]);
      expect(await usersIn(store)).toEqual([]);
    });

    it('keeps places apart, of one tenant and of several', async () => {
      const { store, life } = await begin();
      await store.write(life, [enters('ada'), enters('bob', 'acme/global'), enters('eve', 'other/project:42')]);
      expect(await usersIn(store)).toEqual(['ada']);
      expect(await usersIn(store, 'acme/global')).toEqual(['bob']);
      expect(await usersIn(store, 'other/project:42')).toEqual(['eve']);
      expect(await usersIn(store, HALL)).toEqual([]);
    });

    it('writes nothing under a lease that was not renewed, and says so', async () => {
      const { world, store, life } = await begin();
      await world.pass(5_000);
      expect(await store.renew(life)).toBe(true);
      await world.pass(5_000);
      expect(briefly(await store.write(life, [enters('ada')]))).toEqual([`ada in ${ROOM}`]);
      await world.pass(1_500);
      expect(await store.write(life, [enters('bob'), leaves('ada')])).toBeNull();
      expect(await store.renew(life)).toBe(false);
      expect(await usersIn(store)).toEqual(['ada']);
    });

    it('takes away what a dead node wrote, once, after its lease and the grace', async () => {
      const { world, store, life } = await begin();
      const other = world.store();
      let otherLife = await other.begin('two');
      await store.write(life, [enters('ada'), enters('bob', HALL, ada)]);
      await other.write(otherLife, [enters('carl')]);
      for (let second = 0; second < 13; second++) {
        await world.pass(1_000);
        await other.renew(otherLife);
        expect(await other.reap()).toEqual([]);
      }
      expect(await usersIn(other)).toEqual(['ada', 'carl']);
      await world.pass(1_500);
      const changes = [...(await other.reap()), ...(await store.reap())];
      expect([...briefly(changes)].sort()).toEqual([`ada out of ${ROOM}`, `bob out of ${HALL}`]);
      expect(await usersIn(store)).toEqual(['carl']);
      otherLife = await other.begin('two');
      expect(briefly(await other.write(otherLife, [leaves('carl')]))).toEqual([]);
    });

    it('lets a node that goes keep its users for the grace, so that they can come back elsewhere', async () => {
      const { world, store, life } = await begin();
      await store.write(life, [enters('ada'), enters('bob')]);
      await store.end(life);
      expect(await store.write(life, [leaves('ada')])).toBeNull();
      await world.pass(7_500);
      const other = world.store();
      const otherLife = await other.begin('two');
      expect(briefly(await other.write(otherLife, [enters('ada')]))).toEqual([]);
      expect(briefly(await other.reap())).toEqual([]);
      await world.pass(1_000);
      expect(briefly(await other.reap())).toEqual([`bob out of ${ROOM}`]);
      expect(await usersIn(other)).toEqual(['ada']);
    });

    it('a life that is over is not the one that its node has begun since', async () => {
      const { world, store, life } = await begin();
      await store.write(life, [enters('ada')]);
      const again = await store.begin('one');
      await store.write(again, [enters('ada')]);
      await world.pass(5_000);
      await store.renew(again);
      await world.pass(5_000);
      await store.renew(again);
      await world.pass(4_500);
      expect(briefly(await store.reap())).toEqual([]);
      expect(await usersIn(store)).toEqual(['ada']);
      await store.renew(again);
      expect(briefly(await store.write(again, [leaves('ada')]))).toEqual([`ada out of ${ROOM}`]);
    });

    it('pages through a place in the order of user ids', async () => {
      const { store, life } = await begin();
      const users = ['b', 'B', 'a-1', 'a.1', 'a_1', 'Z', '0'];
      await store.write(
        life,
        users.map((user) => enters(user)),
      );
      const sorted = [...users].sort();
      const seen: string[] = [];
      for (let after: string | null = null, more = true; more;) {
        const page = await store.page(ROOM, after, 3);
        seen.push(...page.members.map(([user]) => user));
        expect(page.count).toBe(users.length);
        expect(page.more).toBe(seen.length < users.length);
        after = seen.at(-1) ?? null;
        more = page.more;
      }
      expect(seen).toEqual(sorted);
      expect(await store.page(ROOM, 'zzz', 3)).toEqual({ members: [], count: users.length, more: false });
      expect((await store.page(ROOM, 'a', 2)).members.map(([user]) => user)).toEqual(['a-1', 'a.1']);
    });

    it('knows the card of who is online, in every place of the tenant', async () => {
      const { store, life } = await begin();
      await store.write(life, [enters('ada', HALL, ada), enters('ada'), enters('bob')]);
      const { members } = await store.members(ROOM);
      expect(Object.fromEntries(members)).toEqual({ ada, bob: nobody });
      expect((await store.page(ROOM, null, 1)).members).toEqual([['ada', ada]]);
      expect(Object.fromEntries(await store.find(HALL, ['ada', 'bob']))).toEqual({ ada });
    });

    it('a card lasts until its user is online nowhere', async () => {
      const { world, store, life } = await begin();
      const other = world.store();
      const otherLife = await other.begin('two');
      const away: Card = { name: 'Ada', status: 'away' };
      await store.write(life, [enters('ada', HALL, ada)]);
      expect(await other.describe(HALL, 'ada', away)).toMatchObject({ user: 'ada', here: true, card: away });
      expect(await other.describe(HALL, 'ada', away)).toBeNull();
      expect(await other.describe(HALL, 'bob', away)).toBeNull();
      await other.write(otherLife, [enters('ada', HALL, ada)]);
      await store.write(life, [leaves('ada', HALL)]);
      expect(Object.fromEntries(await store.find(HALL, ['ada']))).toEqual({ ada: away });
      await other.write(otherLife, [leaves('ada', HALL)]);
      await store.write(life, [enters('ada', HALL, ada)]);
      expect(Object.fromEntries(await store.find(HALL, ['ada']))).toEqual({ ada });
    });

    it('tells who listens every change of a place in order, whoever makes it, each one version further', async () => {
      const { world, store, life } = await begin();
      await store.write(life, [enters('ada')]);
      const other = world.store();
      const heard: Change[] = [];
      const stop = await other.listen(ROOM, (change) => heard.push(change));
      const { version } = await other.members(ROOM);
      await store.write(life, [enters('bob'), enters('ada'), leaves('ada'), enters('eve', 'acme/global')]);
      const otherLife = await other.begin('two');
      await other.write(otherLife, [enters('ada')]);
      expect(briefly(heard)).toEqual([`bob in ${ROOM}`, `ada out of ${ROOM}`, `ada in ${ROOM}`]);
      expect(heard.map((change) => change.version)).toEqual(
        [1, 2, 3].map((step) => ({ epoch: version.epoch, number: version.number + step })),
      );
      expect((await store.members(ROOM)).version).toEqual(heard[2]?.version);
      stop();
      await store.write(life, [enters('carl')]);
      expect(heard).toHaveLength(3);
    });

    it('tells new cards to who listens to the tenant’s own place', async () => {
      const { store, life } = await begin();
      const heard: Change[] = [];
      const stop = await store.listen(HALL, (change) => heard.push(change));
      await store.write(life, [enters('ada', HALL, ada)]);
      const dnd: Card = { name: 'Ada L.', status: 'dnd' };
      await store.describe(HALL, 'ada', dnd);
      await store.write(life, [leaves('ada', HALL)]);
      expect(heard.map(({ here, card }) => [here, card])).toEqual([
        [true, ada],
        [true, dnd],
        [false, dnd],
      ]);
      stop();
    });

    it('a place that everybody has left begins anew, and who listened knows', async () => {
      const { store, life } = await begin();
      await store.write(life, [enters('ada')]);
      const before = (await store.members(ROOM)).version;
      await store.write(life, [leaves('ada')]);
      await store.write(life, [enters('ada')]);
      const after = (await store.members(ROOM)).version;
      expect(after.epoch !== before.epoch || after.number === before.number + 2).toBe(true);
    });
  });
}
