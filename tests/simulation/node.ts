// A node of the simulated world: the parts of the server that deliver, put together as the server does it, with the
// simulated database, clock and hints. It can die and boot again; a process that died does nothing any more.
import { RoomcastError, roomKinds } from '@roomcast/protocol';
import { createControlFollower } from '../../server/src/events/control-follower.js';
import { createFramer } from '../../server/src/events/event-frame.js';
import { CONTROL_STREAM, type LogRow, type StreamKey } from '../../server/src/events/log-row.js';
import type { Delivery } from '../../server/src/events/sequencer.js';
import type { Clock } from '../../server/src/ops/clock.js';
import { createSequencers, type Sequencers } from '../../server/src/events/sequencers.js';
import { createFanOut } from '../../server/src/gateways/fan-out.js';
import type { Access } from '../../server/src/rooms/access.js';
import { createMembership, type Membership } from '../../server/src/rooms/membership.js';
import { createRecheck } from '../../server/src/rooms/recheck.js';
import type { Member } from '../../server/src/rooms/member.js';
import { createRevocations, revocationOf, type Revocations } from '../../server/src/rooms/revocations.js';
import { roomKey } from '../../server/src/rooms/room-key.js';
import type { SubscriptionDeps } from '../../server/src/rooms/subscriptions.js';
import type { Reads } from './database-reads.js';
import type { Owner, Scheduler } from './scheduler.js';
import { catalogue, EVENT, TENANT } from './topology.js';

export interface NodeDeps {
  name: string;
  scheduler: Scheduler;
  readsOf: (process: Owner) => Reads;
  keptRows: number;
  replayRows: number;
  failed: (error: unknown) => void;
  happened: (what: string) => void;
  /** A subscription was ended by a revocation that its rights had seen. */
  spurious: (member: Member, room: string) => void;
  /** Sees a revocation just before this node applies it. */
  applying: (row: LogRow) => void;
}

const MAX_ROOMS = 100;
const nobodyAsks = { connected() {}, entered() {}, left() {}, disconnected() {} };
const nobodyWatches = { prepare: () => Promise.resolve(() => {}), watch: () => null, unwatch() {} };

export class SimulatedNode {
  readonly name: string;
  process: Owner = { gone: false };
  readonly connections = new Set<{ close(kicked: boolean): void }>();
  /** Resolves when the node may take connections. */
  started: Promise<void> = Promise.resolve();
  access!: Access;
  membership!: Membership;
  revocations!: Revocations;
  subscriptionDeps!: SubscriptionDeps;

  /** Turns that have not ended: something may be gathered. */
  gathering = 0;

  private newestApplied = 0;
  private rechecks = 0;
  private readonly listening = new Set<StreamKey>();
  private sequencers!: Sequencers;

  constructor(private readonly deps: NodeDeps) {
    this.name = deps.name;
    this.boot();
  }

  /** The process is killed, and another one starts in its place. */
  die(): void {
    this.process.gone = true;
    for (const connection of [...this.connections]) connection.close(false);
    this.process = { gone: false };
    this.listening.clear();
    this.gathering = this.rechecks = this.newestApplied = 0;
    this.boot();
  }

  /** The place in the control stream up to which it has applied everything. */
  get applied(): number {
    return this.rechecks > 0 ? 0 : this.newestApplied;
  }

  /** The life of the log in which it knows that. */
  epoch: () => string = () => '';

  /** Whether a hint that is published now will come here. */
  hears(stream: StreamKey): boolean {
    return this.listening.has(stream);
  }

  receive(row: LogRow, epoch: string): void {
    this.sequencers.receive(row, epoch);
  }

  private boot(): void {
    const { scheduler, readsOf, keptRows, replayRows, failed, happened } = this.deps;
    const { process } = this;
    const clock = this.clockOf(process);
    const { log, access } = readsOf(process);
    const frameOf = createFramer(catalogue);

    const membership = createMembership({
      flush: (stream) => fanOut.flush(stream),
      hold: (sequencer) => sequencers.hold(sequencer),
      unpin: (sequencer) => sequencers.unpin(sequencer),
      attendance: nobodyAsks,
    });
    const revocations = createRevocations({ membership, clock, epoch: () => follower.applied().epoch });
    const recheck = createRecheck({ membership, access, revocations, roomKinds, clock, failed });
    const fanOut = createFanOut({
      membership,
      frameOf,
      clock,
      roomEnded: (row) => {
        const room = endedRoom(row);
        if (room !== null) revocations.endRoom(roomKey(TENANT, room), 'ended');
      },
    });
    const delivery: Delivery = {
      deliver: (row) => {
        if (row.stream !== CONTROL_STREAM) return fanOut.deliver(row);
        this.deps.applying(row);
        const later = this.entitled(row);
        revocations.apply(row);
        for (const [member, room] of later) if (!member.subscriptions.has(room)) this.deps.spurious(member, room);
        this.newestApplied = row.offset;
      },
      flush: (stream) => fanOut.flush(stream),
      reset: (stream, position, reason) => {
        if (stream !== CONTROL_STREAM) return fanOut.reset(stream, position, reason);
        revocations.jump(position);
        this.newestApplied = position.offset;
        this.rechecks++;
        void recheck
          .everybody()
          .catch(failed)
          .then(() => this.rechecks--);
      },
    };
    const sequencers = createSequencers({
      log,
      listen: (stream) => this.listen(process, stream),
      ignore: (stream) => void this.listening.delete(stream),
      delivery,
      clock,
      mayDeliver: (stream) => {
        const may = stream === CONTROL_STREAM || follower.fresh();
        if (!may) happened('rows held back');
        return may;
      },
      failed,
      keptRows,
    });
    const follower = createControlFollower({ log, sequencers, clock, failed });

    this.access = access;
    this.epoch = () => follower.applied().epoch;
    this.membership = membership;
    this.revocations = revocations;
    this.sequencers = sequencers;
    this.subscriptionDeps = {
      log,
      sequencers,
      access,
      membership,
      revocations,
      frameOf,
      endedRoom,
      flush: (stream) => fanOut.flush(stream),
      roomKinds,
      maxRooms: MAX_ROOMS,
      refused: () => {},
      watching: nobodyWatches,
      replayRows,
      toError: (error) => (error instanceof RoomcastError ? error : unavailable(error, failed)),
    };
    sequencers.start();
    recheck.start();
    this.started = new Promise((resolve) => {
      const ready = () => {
        this.newestApplied = follower.applied().offset;
        resolve();
      };
      // A process that cannot start ends, and another one is started.
      const ends = (error: unknown) => {
        failed(error);
        scheduler.add(process, () => this.die());
      };
      follower.start().then(ready, ends);
    });
  }

  /** Counts what is gathered until the turn ends. */
  private clockOf(process: Owner): Clock {
    const clock = this.deps.scheduler.clockOf(process);
    const endOfTurn = (run: () => void) => {
      this.gathering++;
      clock.endOfTurn(() => {
        this.gathering--;
        run();
      });
    };
    return { ...clock, endOfTurn };
  }

  /** Subscriptions whose rights were read after a revocation of them, and have not ended with it. */
  private entitled(row: LogRow): [Member, string][] {
    const { user, room } = revocationOf(row);
    const epoch = this.epoch();
    const key = roomKey(TENANT, room ?? '');
    return [...this.membership.inRoom(key)].flatMap((member): [Member, string][] => {
      const control = member.subscriptions.get(key)?.control;
      const saw = control && (control.offset >= row.offset || control.ahead?.includes(row.id));
      return saw && control.epoch === epoch && member.principal.userId === user ? [[member, key]] : [];
    });
  }

  private async listen(process: Owner, stream: StreamKey): Promise<void> {
    await this.deps.scheduler.point(process);
    this.listening.add(stream);
    await this.deps.scheduler.point(process);
  }
}

/** The room that nobody is in any more after the row. */
function endedRoom(row: LogRow): string | null {
  return row.event === EVENT.ended ? (row.rooms[0] ?? null) : null;
}

function unavailable(error: unknown, failed: (error: unknown) => void): RoomcastError {
  failed(error);
  return new RoomcastError('unavailable', 'the database cannot be reached');
}
