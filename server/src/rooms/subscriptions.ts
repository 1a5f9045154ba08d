// The subscribes and unsubscribes of one connection, one after the other. A plain client's loop over its rooms is one
// subscribe: the first of a stream of several rooms waits for all that the client wrote in the same breath, since a
// connection that dies between the first room's live events and the last room's catch-up would lose silently.
import {
  parseRoom,
  RoomcastError,
  PAGE_EVENTS,
  TENANT_STREAM,
  type ParsedRoom,
  type RoomKind,
  type SubscribeItem,
} from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import { streamKey } from '../events/log-row.js';
import { CatchUp, type Ask, type CatchUpDeps, type Outcome, type Replay } from './catch-up.js';
import type { Principal } from '../identity/principal.js';
import type { Member } from './member.js';
import { roomKey, type RoomKey } from './room-key.js';
import type { Watching } from './watching.js';

export interface SubscribeRequest {
  readonly items: readonly SubscribeItem[];
  /** A command for one room, which may be part of a loop. */
  readonly single: boolean;
  /** Not asked for by the client: left to it where it asks for the room, from an offset, in its first breath. */
  readonly implied?: boolean;
  /** Called once with an outcome for each item, in the tick in which the rooms are joined. */
  readonly reply: (outcomes: Outcome[]) => void;
}

interface LeaveRequest {
  readonly leave: string;
  readonly reply: (left: boolean) => void;
}

export interface SubscriptionDeps extends CatchUpDeps {
  roomKinds: readonly RoomKind[];
  maxRooms: number;
  /** Told of every room that was one too many. */
  refused: (setting: string, principal: Principal) => void;
  /** Called in the tick in which rooms are joined, after the answer that says so. */
  entered?: (member: Member, rooms: readonly RoomKey[]) => void;
  watching: Watching;
  /** Turns what was thrown into an error of the table, logging it where it is the server's fault. */
  toError: (error: unknown) => RoomcastError;
}

export class Subscriptions {
  private readonly waiting: (SubscribeRequest | LeaveRequest)[] = [];
  private running = false;
  private loopTaken = false;

  constructor(
    private readonly deps: SubscriptionDeps,
    private readonly member: Member,
  ) {}

  subscribe(request: SubscribeRequest): void {
    this.waiting.push(request);
    this.run();
  }

  unsubscribe(room: string, reply: (left: boolean) => void): void {
    this.waiting.push({ leave: room, reply });
    this.run();
  }

  private run(): void {
    if (this.running) return;
    this.running = true;
    this.work().catch((error: unknown) => {
      // The client cannot know what it is subscribed to any more: it is let to come back.
      this.deps.toError(error);
      this.member.wire.close('internal', false);
    });
  }

  private async work(): Promise<void> {
    try {
      for (let request; (request = this.waiting.shift()) && !this.member.closed;) {
        if ('leave' in request) this.leave(request);
        else await this.enter(await this.gather(request));
      }
    } finally {
      // In the tick in which nothing was waiting, so that what comes next starts anew.
      this.running = false;
    }
  }

  private leave({ leave, reply }: LeaveRequest): void {
    reply(this.deps.membership.leave(this.member, roomKey(this.member.principal.tenant, leave)));
  }

  /** The request and, where it may be the first of a loop, all of that loop. */
  private async gather(first: SubscribeRequest): Promise<SubscribeRequest[]> {
    if (first.implied) return this.unlessAsked(first);
    const shared = first.items.some((item) => this.roomOf(item)?.stream === TENANT_STREAM);
    if (!shared || this.loopTaken) return [first];
    this.loopTaken = true;
    if (!first.single || !this.member.wire.barrier) return [first];
    await this.member.wire.barrier();
    return [first, ...this.takeLoop(first)];
  }

  /** A client that is let into a room before it asks for what it missed there is told the present before the past. */
  private async unlessAsked(implied: SubscribeRequest): Promise<SubscribeRequest[]> {
    // Twice: socket.io-client may answer the first ping before it has told its application that it is connected.
    for (let round = 0; round < 2; round++) await this.member.wire.barrier?.();
    const isSame = ({ room, offset }: SubscribeItem) =>
      offset !== undefined && implied.items.some((item) => item.room === room);
    if (!this.waiting.some((request) => 'items' in request && request.items.some(isSame))) return [implied];
    implied.reply([]);
    return [];
  }

  private takeLoop(first: SubscribeRequest): SubscribeRequest[] {
    const end = this.waiting.findIndex((request) => 'leave' in request);
    const before = this.waiting.splice(0, end === -1 ? this.waiting.length : end);
    const same = before.filter(
      (request): request is SubscribeRequest =>
        'items' in request &&
        request.single &&
        this.roomOf(request.items[0])?.stream === TENANT_STREAM &&
        modeOf(request) === modeOf(first),
    );
    this.waiting.unshift(...before.filter((request) => !same.some((taken) => taken === request)));
    return same;
  }

  private async enter(requests: readonly SubscribeRequest[]): Promise<void> {
    const outcomes = new Map<string, Outcome>();
    const asks = this.limited(this.asksOf(requests), outcomes);
    const streams = this.catchUps(asks, replayOf(requests));
    const letGo = await this.prepareWatching(asks);
    try {
      do {
        await Promise.all(streams.map((stream) => this.prepare(stream)));
      } while (!streams.every((stream) => stream.ready()));
      for (const stream of streams) stream.join();
      if (this.member.closed) return;
      const news: EventFrame[] = [];
      for (const stream of streams) {
        for (const [ask, outcome] of stream.outcomes) outcomes.set(ask.room.name, this.watched(ask, outcome, news));
      }
      this.answer(requests, outcomes);
      if (news.length > 0) this.member.wire.write(news);
      this.deps.entered?.(this.member, this.joinedOf(outcomes));
    } finally {
      for (const stream of streams) stream.release();
      letGo();
    }
  }

  private joinedOf(outcomes: ReadonlyMap<string, Outcome>): RoomKey[] {
    const joined = [...outcomes].filter(([, outcome]) => !(outcome instanceof RoomcastError) && !outcome.has_more);
    return joined.map(([room]) => roomKey(this.member.principal.tenant, room));
  }

  private async prepareWatching(asks: readonly Ask[]): Promise<() => void> {
    const watched = asks.filter(({ presence }) => presence === true);
    return watched.length > 0 ? this.deps.watching.prepare(watched.map((ask) => this.keyOf(ask))) : () => {};
  }

  /** A room that was joined is watched, or not any more, as it was asked for. @param news is to follow the answer */
  private watched(ask: Ask, outcome: Outcome, news: EventFrame[]): Outcome {
    const { watching } = this.deps;
    if (ask.presence === undefined || outcome instanceof RoomcastError || outcome.has_more) return outcome;
    if (!ask.presence) watching.unwatch(this.member, this.keyOf(ask));
    const here = ask.presence ? watching.watch(this.member, this.keyOf(ask)) : null;
    if (!here) return outcome;
    news.push(here.frame);
    return { ...outcome, presence: here.page };
  }

  private async prepare(stream: CatchUp): Promise<void> {
    try {
      await stream.prepare();
    } catch (error) {
      stream.fail(this.deps.toError(error));
    }
  }

  /** A room asked for twice is entered once, as the later one says. */
  private asksOf(requests: readonly SubscribeRequest[]): Ask[] {
    const asks = new Map<string, Ask>();
    for (const item of requests.flatMap((request) => request.items)) {
      const room = this.roomOf(item);
      if (room) asks.set(room.name, toAsk(item, room));
    }
    return [...asks.values()];
  }

  private catchUps(asks: readonly Ask[], replay: Replay): CatchUp[] {
    const streams = new Map<string, Ask[]>();
    for (const ask of asks) streams.set(ask.room.stream, [...(streams.get(ask.room.stream) ?? []), ask]);
    const { tenant } = this.member.principal;
    return [...streams].map(
      ([stream, of]) => new CatchUp(this.deps, this.member, streamKey(tenant, stream), of, replay),
    );
  }

  /** Answers that speak of a break go first: they are true of the whole stream. */
  private answer(requests: readonly SubscribeRequest[], outcomes: ReadonlyMap<string, Outcome>): void {
    const answers = requests.map(({ items, reply }) => {
      const own = items.map((item) => outcomes.get(item.room) ?? unknown());
      return { reply, own, broken: own.some((outcome) => 'recovered' in outcome && !outcome.recovered) };
    });
    for (const { reply, own } of answers.filter(({ broken }) => broken)) reply(own);
    for (const { reply, own } of answers.filter(({ broken }) => !broken)) reply(own);
  }

  /** Asks that the connection has room for; the others have their outcome. */
  private limited(asks: readonly Ask[], outcomes: Map<string, Outcome>): Ask[] {
    const { subscriptions, principal } = this.member;
    let free = this.deps.maxRooms - subscriptions.size;
    return asks.filter((ask) => {
      if (subscriptions.has(roomKey(principal.tenant, ask.room.name)) || free-- > 0) return true;
      const message = `room: a connection may be in ${this.deps.maxRooms} rooms (MAX_ROOMS_PER_CONNECTION)`;
      outcomes.set(ask.room.name, new RoomcastError('too_many_rooms', message));
      this.deps.refused('MAX_ROOMS_PER_CONNECTION', principal);
      return false;
    });
  }

  private keyOf(ask: Ask): RoomKey {
    return roomKey(this.member.principal.tenant, ask.room.name);
  }

  private roomOf(item: SubscribeItem | undefined): ParsedRoom | null {
    return item ? parseRoom(item.room, this.deps.roomKinds) : null;
  }
}

function unknown(): RoomcastError {
  return new RoomcastError('not_found', 'room: does not exist');
}

function toAsk({ offset, epoch, last_id, state, presence }: SubscribeItem, room: ParsedRoom): Ask {
  return { room, offset, epoch, lastId: last_id, state: state ?? false, presence };
}

function modeOf(request: SubscribeRequest): Replay['mode'] {
  return request.items[0]?.replay ?? 'emit';
}

function replayOf(requests: readonly SubscribeRequest[]): Replay {
  const limits = requests.flatMap((request) => request.items.map((item) => item.limit ?? PAGE_EVENTS));
  const [first] = requests;
  return { mode: first ? modeOf(first) : 'emit', limit: Math.min(PAGE_EVENTS, ...limits) };
}
