// Whatever people do, those who watch end with what is true, and on the way there see nobody come or go more often than
// they did. Random connects, breaks, returns, goodbyes and deaths of nodes, against a simple account of who is where.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Connection, keyOf, SETTLED_MS, World, type Node, type RoomTold, type WorldOptions } from './world.js';

const RUNS = Number(process.env.PRESENCE_RUNS ?? 60);
const USERS = ['ada', 'bob', 'carl'];
const ROOMS = ['project:42', 'session:7'];
const GRACE_MS = 8_000;

const anyOf = <Item>(items: readonly Item[], index: number) => items[index % items.length];
const index = fc.nat({ max: 1_000 });

const step = fc.record({
  act: fc.oneof(
    { weight: 4, arbitrary: fc.constant('connect' as const) },
    { weight: 5, arbitrary: fc.constantFrom('enter' as const, 'pass' as const, 'break' as const) },
    { weight: 3, arbitrary: fc.constantFrom('return' as const, 'goodbye' as const, 'leave' as const) },
    { weight: 2, arbitrary: fc.constantFrom('watch' as const, 'set' as const) },
    { weight: 1, arbitrary: fc.constantFrom('kill' as const, 'away' as const) },
  ),
  who: index,
  where: index,
  ms: fc.oneof(fc.nat({ max: 500 }), fc.nat({ max: 12_000 })),
});
type Step = (typeof step)['generate'] extends (...args: never[]) => { value: infer Value } ? Value : never;

/** Who is in one room on one node, by the rules as they are told to people. */
class Account {
  connections = 0;
  awaited: number[] = [];
  /** How often the user came. */
  came = 0;

  enter(now: number): void {
    if (!this.isHere(now)) this.came++;
    this.connections++;
    this.awaited.shift();
  }

  leave(now: number, returns: boolean): void {
    this.connections--;
    if (returns) this.awaited.push(now + GRACE_MS);
  }

  isHere(now: number): boolean {
    this.awaited = this.awaited.filter((until) => until > now);
    return this.connections > 0 || this.awaited.length > 0;
  }
}

class Story {
  readonly connections: Connection[] = [];
  /** By node, user and room. */
  private readonly accounts = new Map<string, Account>();
  /** Each thing that was told to somebody, with how often everybody had come when it began. */
  private readonly told: { room: string; told: RoomTold; before: Map<string, number> }[] = [];
  private readonly watchers: Connection[] = [];

  constructor(private readonly world: World) {}

  /** Somebody on each node watches from beginning to end. */
  async begin(): Promise<void> {
    for (const node of this.world.nodes) {
      const watcher = new Connection(node, `watcher-${node.name}`);
      this.watchers.push(watcher);
      for (const room of ROOMS) await this.watch(watcher, room);
    }
  }

  async take({ act, who, where, ms }: Step): Promise<void> {
    const room = anyOf(ROOMS, where)!;
    const node = anyOf(this.world.nodes, where)!;
    const connection = anyOf(this.connections, who);
    if (act === 'pass') return this.world.pass(ms);
    if (act === 'connect') return this.connect(node, anyOf(USERS, who)!, [room]);
    if (act === 'kill') return this.kill(node);
    if (act === 'away') return this.cutOff(node, ms);
    if (!connection) return;
    const { rooms, user } = connection;
    if (act === 'enter') this.enter(connection, room);
    else if (act === 'leave') this.leave(connection, room);
    else if (act === 'goodbye' || act === 'break') this.end(connection, act === 'break');
    else if (act === 'watch' && !connection.watched.has(room)) await this.watch(connection, room);
    else if (act === 'set') void connection.node.presence.set(connection.principal, 'away').catch(() => {});
    else if (act === 'return') {
      const before = [...rooms];
      this.end(connection, true);
      await this.world.pass(ms);
      this.connect(anyOf(this.world.nodes, where)!, user, before);
    }
  }

  private connect(node: Node, user: string, rooms: readonly string[]): void {
    const connection = new Connection(node, user);
    this.connections.push(connection);
    for (const room of rooms) this.enter(connection, room);
  }

  private enter(connection: Connection, room: string): void {
    if (connection.rooms.has(room)) return;
    this.account(connection, room).enter(this.world.clock.now());
    connection.enter(room);
  }

  private async watch(connection: Connection, room: string): Promise<void> {
    const before = new Map(USERS.map((user) => [user, this.came(user, room)]));
    const wasIn = connection.rooms.has(room);
    await this.world.until(connection.watch(room));
    if (!wasIn) this.account(connection, room).enter(this.world.clock.now());
    const told = connection.watched.get(room)!;
    if (connection.node.store.away !== undefined) this.notHeardYet(told, before);
    this.told.push({ room, told, before });
  }

  /** Who came before, and is not seen yet, will be seen to come. */
  private notHeardYet({ members }: RoomTold, before: Map<string, number>): void {
    for (const [user, came] of before) if (came > 0 && !members?.has(user)) before.set(user, came - 1);
  }

  private leave(connection: Connection, room: string): void {
    if (!connection.rooms.has(room)) return;
    this.account(connection, room).leave(this.world.clock.now(), false);
    connection.leave(room);
  }

  private end(connection: Connection, returns: boolean): void {
    for (const room of connection.rooms) this.account(connection, room).leave(this.world.clock.now(), returns);
    this.connections.splice(this.connections.indexOf(connection), 1);
    connection.end(returns);
  }

  /** Its connections are gone, and nobody of it says so. */
  private kill(node: Node): void {
    if (this.world.nodes.length === 1 || node === this.world.nodes[0]) return;
    this.world.kill(node);
    const isOn = (connection: Connection) => connection.node === node;
    for (const list of [this.connections, this.watchers]) {
      for (const connection of list.filter(isOn)) list.splice(list.indexOf(connection), 1);
    }
  }

  private async cutOff(node: Node, ms: number): Promise<void> {
    if (node.store.away === undefined) return;
    node.store.away = true;
    await this.world.pass(ms);
    node.store.away = false;
  }

  private account({ node, user }: Connection, room: string): Account {
    const key = `${node.name} ${user} ${room}`;
    const known = this.accounts.get(key) ?? new Account();
    this.accounts.set(key, known);
    return known;
  }

  /** How often the user came into the room, on all nodes. */
  private came(user: string, room: string): number {
    const own = [...this.accounts].filter(([key]) => key.endsWith(` ${user} ${room}`));
    return own.reduce((sum, [, account]) => sum + account.came, 0);
  }

  async judge(): Promise<void> {
    await this.world.pass(SETTLED_MS);
    for (const room of ROOMS) {
      const here = new Set(
        [...this.connections, ...this.watchers].filter(({ rooms }) => rooms.has(room)).map(({ user }) => user),
      );
      const truth = [...here].sort();
      for (const watcher of [...this.watchers, ...this.connections.filter(({ watched }) => watched.has(room))]) {
        const told = watcher.watched.get(room)!;
        expect([watcher.node.name, room, [...(told.members?.keys() ?? [])].sort()]).toEqual([
          watcher.node.name,
          room,
          truth,
        ]);
      }
      for (const { presence } of this.world.nodes) {
        const { members, count } = await this.world.until(presence.list(keyOf(room), {}));
        expect([members.map(({ user_id }) => user_id), count]).toEqual([truth, truth.length]);
      }
    }
    for (const { presence } of this.world.nodes) {
      const users = await this.world.until(presence.get('acme', USERS));
      const online = new Set(this.connections.map(({ user }) => user));
      expect(users.map((user) => user.online)).toEqual(USERS.map((user) => online.has(user)));
    }
    this.judgePairs();
  }

  /** Nobody was seen to come more often than they came, or to go more often than they came before. */
  private judgePairs(): void {
    for (const { room, told, before } of this.told) {
      for (const user of USERS) {
        const came = this.came(user, room) - before.get(user)!;
        const [ons, offs] = [told.ons.get(user) ?? 0, told.offs.get(user) ?? 0];
        expect({ user, room, tooOften: ons > came ? ons : 0 }).toEqual({ user, room, tooOften: 0 });
        expect(Math.abs(ons - offs)).toBeLessThanOrEqual(1);
      }
    }
  }
}

async function tell(steps: readonly Step[], options: WorldOptions): Promise<void> {
  const world = new World(options);
  await world.start();
  const story = new Story(world);
  await story.begin();
  for (const step of steps) await story.take(step);
  await story.judge();
  await world.stop();
}

describe('whoever comes and goes', () => {
  it('is seen as they are in the end, and no more often on the way than they came', async () => {
    const steps = fc.array(step, { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, (taken) => tell(taken, {})),
      { numRuns: RUNS },
    );
  });

  it('is seen so on several nodes too, with a slow store that loses what it tells, and nodes that die', async () => {
    const steps = fc.array(step, { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (taken, seed) => {
        const random = randomOf(seed);
        await tell(taken, { nodes: 3, slow: { random, delayMs: 60, loss: 0.05 } });
      }),
      { numRuns: RUNS },
    );
  });
});

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
