// A connection with its two ends: what a gateway does for the server, and a pipe to and from the client.
import { RoomcastError, type ConnectionEvents, type Envelope, type SubscribeItem } from '@roomcast/protocol';
import type { EventFrame } from '../../server/src/events/event-frame.js';
import type { StreamPosition } from '../../server/src/events/log-row.js';
import type { Outcome } from '../../server/src/rooms/catch-up.js';
import { roomKey } from '../../server/src/rooms/room-key.js';
import { Member, type Wire } from '../../server/src/rooms/member.js';
import { Subscriptions } from '../../server/src/rooms/subscriptions.js';
import { Channel } from './channel.js';
import type { SimulatedNode } from './node.js';
import type { Random } from './random.js';
import type { Owner, Scheduler } from './scheduler.js';
import { principal, TENANT } from './topology.js';

export type Result = { readonly room: string } & ({ readonly code: string } | Exclude<Outcome, RoomcastError>);
export type Reset = ConnectionEvents['room.reset'];

/** From the server to the client. */
export type Down =
  | { readonly type: 'event'; readonly envelope: Envelope }
  | { readonly type: 'ack'; readonly results: readonly Result[]; readonly request: number }
  | { readonly type: 'reset'; readonly reset: Reset }
  | { readonly type: 'revoked'; readonly room: string; readonly reason: string }
  | { readonly type: 'ping' }
  | { readonly type: 'closed'; readonly kicked: boolean };

/** From the client to the server. */
export type Up =
  | { readonly type: 'subscribe'; readonly request: number; readonly items: SubscribeItem[]; readonly single: boolean }
  | { readonly type: 'unsubscribe'; readonly room: string }
  | { readonly type: 'pong' };

interface Deps {
  scheduler: Scheduler;
  random: Random;
  node: SimulatedNode;
  user: string;
  name: string;
  /** What authentication says of the user. */
  mayConnect: () => boolean;
  /** Sees each frame when it is written. */
  written: (frame: Down) => void;
  /** Sees each frame when the client gets it. */
  arrived: (frame: Down) => void;
  /** Rooms that the server has been asked for, and one that it has let go. */
  asked: (rooms: readonly string[]) => void;
  left: (room: string) => void;
}

export class Connection implements Owner {
  /** The client has gone: nothing arrives there any more. */
  gone = false;
  /** The server's end is closed. */
  closed = false;
  readonly up: Channel<Up>;
  readonly down: Channel<Down>;
  readonly node: SimulatedNode;
  readonly name: string;

  private readonly process: Owner;
  private member: Member | null = null;
  private subscriptions: Subscriptions | null = null;
  private pings: (() => void)[] = [];
  /** Promises that a command passes on its way to its handler. */
  private readonly depth: number;
  /** How often a room was asked for. */
  private readonly asks = new Map<string, number>();

  constructor(private readonly deps: Deps) {
    const { scheduler, random, node, name } = deps;
    this.node = node;
    this.name = name;
    this.process = node.process;
    this.depth = random.below(3);
    this.up = new Channel(scheduler, random, this.process, (frame) => void this.received(frame));
    this.down = new Channel(scheduler, random, this, deps.arrived);
    this.down.start();
    node.connections.add(this);
    void this.open();
  }

  /** The client leaves; the server finds out later. */
  abandon(): void {
    this.gone = true;
    this.deps.scheduler.add(this.process, () => this.close(false));
  }

  /** The server's end closes, and the client is told if it is still there. */
  close(kicked: boolean): void {
    if (this.closed) return;
    this.closed = true;
    this.node.connections.delete(this);
    if (this.member && !this.process.gone) this.node.membership.remove(this.member, true);
    for (const answer of this.pings.splice(0)) answer();
    this.down.cut();
    this.down.push({ type: 'closed', kicked });
  }

  /** Where the server is in the stream of a room that the connection is in. */
  cursorOf(room: string): StreamPosition | null {
    return this.member?.subscriptions.get(roomKey(TENANT, room))?.sequencer.position ?? null;
  }

  private async open(): Promise<void> {
    const { node, user } = this.deps;
    const caller = principal(user);
    try {
      await node.started;
      const { control } = await node.access.authorize(caller, []);
      if (this.closed) return;
      if (!this.deps.mayConnect()) return this.close(true);
      if (node.revocations.overtook(caller, [], control)) return this.close(false);
      this.member = new Member(this.name, caller, this.wire(), control);
    } catch {
      return this.close(false);
    }
    this.subscriptions = new Subscriptions(node.subscriptionDeps, this.member);
    node.membership.add(this.member);
    this.up.start();
  }

  private async received(frame: Up): Promise<void> {
    for (let passed = 0; passed < this.depth; passed++) await Promise.resolve();
    if (this.closed) return;
    if (frame.type === 'pong') return this.pings.shift()?.();
    if (frame.type === 'unsubscribe') return this.unsubscribe(frame.room);
    const { items, single, request } = frame;
    for (const { room } of items) this.asks.set(room, (this.asks.get(room) ?? 0) + 1);
    this.deps.asked(items.map(({ room }) => room));
    const reply = (outcomes: Outcome[]) => {
      const results = outcomes.map((outcome, index) => ({ room: items[index]!.room, ...resultOf(outcome) }));
      this.write({ type: 'ack', request, results });
    };
    this.subscriptions?.subscribe({ items, single, reply });
  }

  private unsubscribe(room: string): void {
    const asks = this.asks.get(room);
    this.subscriptions?.unsubscribe(room, () => {
      if (this.asks.get(room) === asks) this.deps.left(room);
    });
  }

  private wire(): Wire {
    const { scheduler } = this.deps;
    return {
      write: (frames) => frames.forEach((frame) => this.writeEvent(frame)),
      notify: (event, data) => this.writeNotice(event, data),
      backlog: () => ({ packets: 0, bytes: 0 }),
      drained: () => scheduler.point(this.process),
      barrier: async () => {
        const pong = new Promise<void>((resolve) => this.pings.push(resolve));
        this.write({ type: 'ping' });
        await pong;
        await scheduler.point(this.process);
      },
      close: (_reason, kicked) => this.close(kicked),
    };
  }

  private writeEvent(frame: EventFrame): void {
    this.write({ type: 'event', envelope: frame.envelope });
  }

  private writeNotice<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]): void {
    if (event === 'room.reset') this.write({ type: 'reset', reset: data as Reset });
    else if (event === 'room.revoked') this.write({ type: 'revoked', ...(data as ConnectionEvents['room.revoked']) });
    else throw new Error(`nobody said that ${event} is told here`);
  }

  private write(frame: Down): void {
    if (this.closed) return;
    this.deps.written(frame);
    this.down.push(frame);
  }
}

function resultOf(outcome: Outcome): { code: string } | Exclude<Outcome, RoomcastError> {
  return outcome instanceof RoomcastError ? { code: outcome.code } : outcome;
}
