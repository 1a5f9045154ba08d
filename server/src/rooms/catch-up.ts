// Subscribing to rooms of one stream: catch up first, then join all of them in the tick in which the position read from
// the log equals the sequencer's cursor. `prepare` does all that waits; `ready` and `join` wait for nothing, so that
// several streams can be joined, and answered, in one tick. docs/delivery.md tells what each step is there for.
import { RoomcastError, type ParsedRoom, type SubscribeAck, type UnrecoveredReason } from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import type { EventLog, Page } from '../events/event-log.js';
import {
  CONTROL_STREAM,
  wireStream,
  type ControlPosition,
  type LogRow,
  type StreamKey,
  type StreamPosition,
} from '../events/log-row.js';
import type { Sequencer } from '../events/sequencer.js';
import type { Sequencers } from '../events/sequencers.js';
import type { Access, Decision } from './access.js';
import { currentValues, unrecovered } from './continuity.js';
import type { Member } from './member.js';
import type { Membership } from './membership.js';
import type { Revocations } from './revocations.js';
import { roomKey } from './room-key.js';

const REPLAY_ROWS = 100;

export interface CatchUpDeps {
  log: Pick<EventLog, 'page'>;
  sequencers: Pick<Sequencers, 'pin' | 'unpin' | 'check'>;
  access: Access;
  membership: Membership;
  revocations: Pick<Revocations, 'overtook'>;
  frameOf: (row: LogRow) => EventFrame;
  /** The room that nobody is in any more after this row, if it ends one. */
  endedRoom: (row: LogRow) => string | null;
  flush: (stream: StreamKey) => void;
  /** Rows of a replay that are written before the wire must have taken them (100). */
  replayRows?: number;
}

/** A room that is asked for. */
export interface Ask {
  readonly room: ParsedRoom;
  readonly offset: number | undefined;
  readonly epoch: string | undefined;
  readonly lastId: string | undefined;
  readonly state: boolean;
  /** To be told who is in the room; undefined: as it is. */
  readonly presence: boolean | undefined;
}

/** `emit`: rows are written as ordinary events, page after page; `ack`: one page is put into the answer. */
export type Replay = { readonly mode: 'emit' | 'ack'; readonly limit: number };

export type Outcome = Omit<SubscribeAck, 'room'> | RoomcastError;

/** A room on its way in. */
interface Entering extends Ask {
  /** The life of the log that `at` is true in, once it is known. */
  epoch: string | undefined;
  /** Caught up to here; undefined: joins at the cursor. */
  at: number | undefined;
  lost: UnrecoveredReason | null;
  /** The room was joined before and goes on from where it is. */
  keeps: number | null;
}

export class CatchUp {
  readonly outcomes = new Map<Ask, Outcome>();

  private entering: Map<Ask, Entering>;
  private sequencer: Sequencer | null = null;
  private control: ControlPosition | null = null;
  /** The cursor before the rights were read: a room that ended after it is asked about again. */
  private authorizedFrom: StreamPosition | null = null;
  private page: Page | null = null;
  /** Rows for the answer (`replay: "ack"`). */
  private rows: LogRow[] = [];

  constructor(
    private readonly deps: CatchUpDeps,
    private readonly member: Member,
    private readonly stream: StreamKey,
    asks: readonly Ask[],
    private readonly replay: Replay,
  ) {
    const enter = (ask: Ask): [Ask, Entering] => [ask, { ...ask, at: ask.offset, lost: null, keeps: null }];
    this.entering = new Map(asks.map(enter));
  }

  /** Does all that has to wait. Afterwards the rooms are `ready`, or answered, or the connection is gone. */
  async prepare(): Promise<void> {
    this.sequencer ??= await this.begin();
    while (!this.done && !this.ready()) {
      if (await this.authorize()) await this.read(this.sequencer);
    }
  }

  /** Every room of it has its outcome, or nobody waits for one. */
  get done(): boolean {
    return this.member.closed || this.entering.size === 0;
  }

  /** Whether `join` may be called in this tick. */
  ready(): boolean {
    if (this.done) return true;
    const { sequencer, authorizedFrom, page } = this;
    if (!sequencer || !authorizedFrom || this.overtaken()) return false;
    const { epoch } = sequencer.position;
    if (authorizedFrom.epoch !== epoch || sequencer.since(authorizedFrom.offset) === null) return false;
    if (this.roomEnded(sequencer.since(authorizedFrom.offset) ?? [])) return false;
    if (!this.needsPage) return true;
    if (!page || page.epoch !== epoch) return false;
    if (page.full) return this.replay.mode === 'ack';
    return page.head <= sequencer.position.offset && sequencer.since(page.head) !== null;
  }

  /** Joins all rooms, or answers a full page. Call it in the tick in which `ready` said yes. */
  join(): void {
    const { sequencer, page } = this;
    if (this.done || !sequencer || !this.control) return;
    if (this.needsPage && page?.full) return this.answerPage(page);
    this.deps.flush(this.stream);
    const late = this.page ? (sequencer.since(this.page.head) ?? []) : [];
    const missed = late.filter((row) => this.concerns(row) && !this.had(row));
    if (this.replay.mode === 'emit') this.write(missed);
    else this.rows.push(...missed);
    for (const [ask, room] of this.entering) {
      const { offset } = sequencer.position;
      const from = room.keeps ?? (room.lost ? offset : (room.offset ?? offset));
      this.deps.membership.join(this.member, this.keyOf(room), { sequencer, from, control: this.control });
      const state = room.state ? { state: currentValues(room.room.name, this.page, late).map(this.envelopeOf) } : {};
      this.outcomes.set(ask, { ...this.answer(room, sequencer.position, false), ...state });
    }
    this.entering.clear();
  }

  /** Answers all rooms that have no outcome yet with an error; none of them is joined. */
  fail(error: RoomcastError): void {
    for (const ask of this.entering.keys()) this.outcomes.set(ask, error);
    this.entering.clear();
  }

  /** Lets go of what it held. Must be called, however it ended. */
  release(): void {
    if (this.sequencer) this.deps.sequencers.unpin(this.sequencer);
    this.sequencer = null;
  }

  private async begin(): Promise<Sequencer> {
    const sequencer = await this.deps.sequencers.pin(this.stream);
    for (const room of this.entering.values()) {
      const joined = this.member.subscriptions.get(this.keyOf(room));
      if (!joined) continue;
      if (room.offset === undefined) room.keeps = joined.from;
      else this.deps.membership.leave(this.member, this.keyOf(room), true);
    }
    return sequencer;
  }

  /** Reads the rights and answers the rooms that are denied. @returns false when it must be done again */
  private async authorize(): Promise<boolean> {
    const from = this.sequencer?.position ?? null;
    const asks = [...this.entering.keys()];
    const rooms = asks.map((ask) => ask.room);
    const { control, decisions } = await this.deps.access.authorize(this.member.principal, rooms);
    this.control = control;
    this.authorizedFrom = from;
    if (this.overtaken()) {
      // The node may be behind the database: it is let to find out.
      this.deps.sequencers.check([CONTROL_STREAM]);
      return false;
    }
    asks.forEach((ask, index) => this.deny(ask, decisions[index] ?? 'not_found'));
    return true;
  }

  private deny(ask: Ask, decision: Decision): void {
    if (decision === 'granted') return;
    this.deps.membership.leave(this.member, this.keyOf(ask));
    this.entering.delete(ask);
    this.tellDenied(ask);
    this.outcomes.set(ask, new RoomcastError(decision, `room: ${ask.room.name} ${SENTENCE[decision]}`));
  }

  /** Who comes back to a room hears that it is taken before rows of other rooms move the position that they share. */
  private tellDenied({ room, offset }: Ask): void {
    if (offset === undefined || this.replay.mode === 'ack') return;
    this.member.wire.notify('room.revoked', { room: room.name, reason: 'access' });
  }

  /** Reads a page, lets the sequencer come as far as the page was, and hands it over. */
  private async read(sequencer: Sequencer): Promise<void> {
    if (!this.needsPage) return;
    const resumed = this.resumed();
    const page = await this.deps.log.page({
      stream: this.stream,
      rooms: resumed.map((room) => ({ room: room.room.name, after: room.at })),
      offsets: resumed.flatMap((room) => (room.lastId === undefined ? [] : [room.offset])),
      stateRooms: [...this.entering.values()].flatMap((room) => (room.state ? [room.room.name] : [])),
      limit: this.replay.limit,
    });
    this.page = page;
    if (this.member.closed) return;
    // Page and sequencer have seen different lives of the log: the sequencer is let to find out, and all is read again.
    if (page.epoch !== sequencer.position.epoch) return sequencer.refresh();
    for (const room of resumed) room.lost = unrecovered(room, page);
    if (resumed.some((room) => room.lost)) return this.read(sequencer);
    for (const room of resumed) room.epoch = page.epoch;
    // Nothing is handed over that lies beyond the cursor: if these rooms are taken meanwhile, others join there.
    await sequencer.reach(page.head, page.epoch);
    // A room has ended since its rights were read: they are read again first.
    const { offset = 0 } = this.authorizedFrom ?? {};
    if (!this.roomEnded(page.rows.filter((row) => row.offset > offset))) await this.handOver(resumed, page);
  }

  private async handOver(resumed: readonly Resumed[], page: Page): Promise<void> {
    const rows = page.rows.filter((row) => !row.superseded && !this.had(row));
    const last = page.rows.at(-1);
    const end = page.full && last ? last.offset : page.head;
    if (this.replay.mode === 'ack') this.rows = rows;
    else if (await this.writeInParts(rows, resumed, page)) {
      for (const room of resumed) room.at = Math.max(room.at, end);
    }
  }

  /** @returns whether all was written */
  private async writeInParts(rows: readonly LogRow[], resumed: readonly Resumed[], page: Page): Promise<boolean> {
    const { replayRows = REPLAY_ROWS } = this.deps;
    for (let start = 0; start < rows.length; start += replayRows) {
      if (start > 0) await this.member.wire.drained();
      if (this.done || this.overtaken() || this.sequencer?.position.epoch !== page.epoch) return false;
      const part = rows.slice(start, start + replayRows);
      this.deps.flush(this.stream);
      this.write(part);
      for (const room of resumed) room.at = Math.max(room.at, part.at(-1)?.offset ?? 0);
    }
    await this.member.wire.drained();
    return true;
  }

  /** A full page is answered without joining: the client asks for the next one. */
  private answerPage({ rows, head, epoch }: Page): void {
    this.deps.flush(this.stream);
    const last = rows.at(-1);
    const position = { offset: last?.offset ?? head, lastId: last?.id ?? null, epoch };
    for (const [ask, room] of this.entering) this.outcomes.set(ask, this.answer(room, position, true));
    this.entering.clear();
  }

  private answer(room: Entering, { offset, epoch, lastId }: StreamPosition, hasMore: boolean) {
    const from = isResumed(room) ? room.offset : Infinity;
    const own = this.rows.filter((row) => row.offset > from && row.rooms.includes(room.room.name));
    return {
      stream: wireStream(this.stream),
      offset,
      epoch,
      ...(lastId === null ? {} : { last_id: lastId }),
      recovered: room.lost === null,
      ...(room.lost === null ? {} : { reason: room.lost }),
      has_more: hasMore,
      ...(this.replay.mode === 'ack' ? { events: own.map(this.envelopeOf) } : {}),
    };
  }

  private readonly envelopeOf = (row: LogRow) => this.deps.frameOf(row).envelope;

  private write(rows: readonly LogRow[]): void {
    if (rows.length > 0) this.member.wire.write(rows.map((row) => this.deps.frameOf(row)));
  }

  private overtaken(): boolean {
    const rooms = [...this.entering.values()].map((room) => room.room.name);
    return this.control === null || this.deps.revocations.overtook(this.member.principal, rooms, this.control);
  }

  private roomEnded(rows: readonly LogRow[]): boolean {
    const ended = rows.map((row) => this.deps.endedRoom(row));
    return [...this.entering.values()].some((room) => ended.includes(room.room.name));
  }

  /** A row of a room that is being caught up. */
  private concerns(row: LogRow): boolean {
    return this.resumed().some((room) => row.rooms.includes(room.room.name));
  }

  /** The connection has had the row, or will have, through a room that it is in. */
  private had(row: LogRow): boolean {
    return row.rooms.some((room) => {
      const joined = this.member.subscriptions.get(roomKey(this.member.principal.tenant, room));
      return joined !== undefined && joined.from < row.offset;
    });
  }

  private get needsPage(): boolean {
    return [...this.entering.values()].some((room) => room.state || (room.at !== undefined && !room.lost));
  }

  private resumed(): Resumed[] {
    return [...this.entering.values()].filter(isResumed);
  }

  private keyOf(ask: Ask): string {
    return roomKey(this.member.principal.tenant, ask.room.name);
  }
}

type Resumed = Entering & { at: number; offset: number };

function isResumed(room: Entering): room is Resumed {
  return room.at !== undefined && room.offset !== undefined && room.lost === null;
}

const SENTENCE = {
  not_found: 'does not exist',
  forbidden: 'may not be entered by you',
} as const;
