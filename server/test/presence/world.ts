// People who come and go, on one node or several that share a store, and what each of those who watch was told.
import { catalogue, RoomcastError, type RoomMember } from '@roomcast/protocol';
import type { EventFrame } from '../../src/events/event-frame.js';
import type { Clock } from '../../src/ops/clock.js';
import type { SharingOf } from '../../src/presence/announcements.js';
import { createMemoryStore } from '../../src/presence/memory-store.js';
import { createPresence, type Presence, type PresentConnection } from '../../src/presence/presence.js';
import type { PresenceStore } from '../../src/presence/presence-store.js';
import { createManualClock, type ManualClock } from '../ops/manual-clock.js';
import { caller } from '../rooms/callers.js';
import { createSlowStore, type SlowStore } from './slow-store.js';

const TENANT = 'acme';
export const keyOf = (room: string) => `${TENANT}/${room}`;
/** Longest that anything takes to be seen by everybody: lease, grace, reaping, retries, checks, telling. */
export const SETTLED_MS = 40_000;
const STEP_MS = 25;

export interface WorldOptions {
  nodes?: number;
  /** They share a room with everybody. */
  friends?: readonly string[];
  /** In the place of that. */
  sharingOf?: SharingOf;
  /** A slow store in the place of one that answers at once. */
  slow?: { random: () => number; delayMs: number; loss: number };
}

export interface Node {
  readonly name: string;
  presence: Presence;
  store: PresenceStore & Partial<Pick<SlowStore, 'away'>>;
  /** A dead node does nothing any more. */
  alive: boolean;
}

export class World {
  readonly clock: ManualClock = createManualClock();
  readonly nodes: Node[] = [];
  /** Who was told what of whom, in order. */
  readonly announced: string[] = [];
  /** What went wrong in the background. */
  readonly failures: unknown[] = [];
  private readonly shared = createMemoryStore(this.clock);
  private booted = 0;

  constructor(private readonly options: WorldOptions = {}) {}

  async start(): Promise<void> {
    for (let n = 0; n < (this.options.nodes ?? 1); n++) await this.boot();
  }

  /** One more node. */
  async boot(): Promise<Node> {
    const name = `node-${++this.booted}`;
    const { slow } = this.options;
    const node: Node = { name, alive: true, store: this.shared, presence: undefined as unknown as Presence };
    const clock = this.clockOf(node);
    if (slow) node.store = createSlowStore(this.shared, { clock, ...slow });
    node.presence = createPresence({
      node: name,
      store: node.store,
      catalogue,
      users: { writeLastSeen: async () => {}, readLastSeen: async () => [] },
      sharingOf: this.options.sharingOf ?? (async (users) => users.map(({ id }) => this.friendsOf(id))),
      tell: async (_tenant, recipient, { user_id, status }) => {
        this.announced.push(`${recipient}: ${user_id} ${status}`);
      },
      clock,
      wallClock: () => 1_000_000 + Math.floor(clock.now()),
      failed: (error) => this.failures.push(error),
    });
    this.nodes.push(node);
    const started = node.presence.start();
    await this.until(started);
    return node;
  }

  /** kill -9: its timers never run, its promises never resolve. */
  kill(node: Node): void {
    node.alive = false;
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** Lets time go on, in small steps, with everything that happens in each. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.pass(Math.min(STEP_MS, left));
      await turn();
    }
  }

  /** Lets time go on until something has happened. */
  async until<Answer>(awaited: Promise<Answer>): Promise<Answer> {
    let over = false;
    const done = () => (over = true);
    awaited.then(done, done);
    const isOver = () => over;
    for (await turn(); !isOver(); await turn()) this.clock.pass(STEP_MS);
    return awaited;
  }

  async stop(): Promise<void> {
    for (const { presence } of this.nodes) await this.until(presence.stop());
  }

  private friendsOf(user: string): ReadonlySet<string> {
    return new Set(this.options.friends?.filter((friend) => friend !== user));
  }

  private clockOf(node: Node): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, () => node.alive && run()),
      endOfTurn: (run) => clock.endOfTurn(run),
    };
  }
}

/** All that follows from what has happened has happened. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A live connection of somebody. */
export class Connection implements PresentConnection {
  readonly id: string;
  readonly principal;
  readonly rooms = new Set<string>();
  /** By room. */
  readonly watched = new Map<string, RoomTold>();
  private static made = 0;

  constructor(
    readonly node: Node,
    readonly user: string,
    name: string | null = null,
  ) {
    this.id = `c${++Connection.made}`;
    this.principal = { ...caller(user, { tenant: TENANT }), name };
    node.presence.connected(this);
  }

  readonly wire = {
    write: (frames: readonly EventFrame[]) => {
      for (const { envelope } of frames)
        this.watched.get(String(envelope.data.room))?.hear(envelope.event, envelope.data);
    },
  };

  enter(room: string): void {
    if (this.rooms.has(room)) return;
    this.rooms.add(room);
    this.node.presence.entered(this, keyOf(room));
  }

  /** As a subscribe that asks for presence does it. */
  async watch(room: string): Promise<void> {
    const { presence } = this.node;
    const letGo = await presence.prepare([keyOf(room)]);
    if (this.node.alive && !this.gone) {
      this.enter(room);
      const told = new RoomTold(room);
      this.watched.set(room, told);
      const here = presence.watch(this, keyOf(room));
      if (here) this.wire.write([here.frame]);
      if (here?.page.has_more === false) told.check(here.page.members);
      else if (here) told.checkCount(here.page.count);
    }
    letGo();
  }

  leave(room: string): void {
    if (!this.rooms.delete(room)) return;
    this.watched.delete(room);
    this.node.presence.left(this, keyOf(room), false);
  }

  /** @param returns it was lost without a goodbye */
  end(returns: boolean): void {
    if (this.gone) return;
    this.gone = true;
    this.watched.clear();
    for (const room of this.rooms) this.node.presence.left(this, keyOf(room), returns);
    this.node.presence.disconnected(this, returns);
  }

  gone = false;
}

/** What one connection was told of a room, put together as a client does it. It notices what must not be told. */
export class RoomTold {
  /** Null: only how many there are. */
  members: Map<string, RoomMember> | null = new Map();
  count = 0;
  frames = 0;
  /** How often each user came into view, and went. */
  readonly ons = new Map<string, number>();
  readonly offs = new Map<string, number>();
  private version = 0;
  private begun = false;

  constructor(readonly room: string) {}

  hear(event: string, data: Record<string, unknown>): void {
    this.frames++;
    if (event === 'presence.count') {
      this.members = null;
      this.count = Number(data.count);
      return;
    }
    const version = Number(data.version);
    if (version <= this.version) throw new RoomcastError('internal', `version ${version} after ${this.version}`);
    this.version = version;
    if (event === 'presence.state') this.replace(data.members as RoomMember[]);
    else this.change(data.joins as RoomMember[], data.leaves as { user_id: string }[]);
    this.begun = true;
  }

  check(members: readonly RoomMember[]): void {
    const told = this.members ? [...this.members.values()] : null;
    if (JSON.stringify(told) !== JSON.stringify(members)) {
      throw new Error(`the answer says ${JSON.stringify(members)}, the event ${JSON.stringify(told)}`);
    }
  }

  checkCount(count: number): void {
    if (this.members !== null || this.count !== count) throw new Error(`${count} in the answer, ${this.count} told`);
  }

  private replace(members: readonly RoomMember[]): void {
    const now = new Map(members.map((member) => [member.user_id, member]));
    if (this.begun && this.members) {
      for (const user of this.members.keys()) if (!now.has(user)) note(this.offs, user);
      for (const user of now.keys()) if (!this.members.has(user)) note(this.ons, user);
    }
    this.members = now;
    this.count = now.size;
  }

  private change(joins: readonly RoomMember[], leaves: readonly { user_id: string }[]): void {
    if (!this.members) throw new Error('a diff without a state');
    for (const { user_id: user } of leaves) {
      if (!this.members.delete(user)) throw new Error(`${user} left, who was not there`);
      note(this.offs, user);
    }
    for (const member of joins) {
      const before = this.members.get(member.user_id);
      if (before && JSON.stringify(before) === JSON.stringify(member)) throw new Error(`${member.user_id} came twice`);
      if (!before) note(this.ons, member.user_id);
      this.members.set(member.user_id, member);
    }
    this.count = this.members.size;
  }
}

function note(counts: Map<string, number>, user: string): void {
  counts.set(user, (counts.get(user) ?? 0) + 1);
}
