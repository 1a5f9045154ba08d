// The parts that an event passes, tied together: from the log to the members of its rooms. roomcast.ts composes the rest
// of the platform around it.
import type { Catalogue } from '@roomcast/protocol';
import { createLocalHints } from './cluster/hints.js';
import { createControlFollower } from './events/control-follower.js';
import { createFramer } from './events/event-frame.js';
import { createEventLog } from './events/event-log.js';
import { CONTROL_STREAM, tenantOf, type LogRow, type StreamKey } from './events/log-row.js';
import { createLogWriter } from './events/log-writer.js';
import { createOutbox } from './events/outbox.js';
import type { Delivery } from './events/sequencer.js';
import { createSequencers } from './events/sequencers.js';
import { createFanOut } from './gateways/fan-out.js';
import type { Changed } from './identity/identity.js';
import type { Clock } from './ops/clock.js';
import { createMembership, type Attendance } from './rooms/membership.js';
import { createRevocations, revocationOf } from './rooms/revocations.js';
import { roomKey } from './rooms/room-key.js';
import type { Query } from './storage/query.js';

interface Deps {
  catalogue: Catalogue;
  query: Query;
  clock: Clock;
  failed: (error: unknown) => void;
  attendance: Attendance;
  /** What was remembered of a user or key is not true any more. */
  forget: (changed: Changed) => void;
  /** All revocations up to this place in the control stream have been applied. */
  onRevoked: (control: number) => void;
  /** The control stream was broken: nobody knows which rights were taken away. */
  recheckEverybody: () => void;
  onCommitted: (rows: readonly LogRow[]) => void;
  /** Called in the tick in which a row is handed out to members. */
  onHandedOut: (row: LogRow) => void;
  onBatch: (rows: number) => void;
  onAppended: (ms: number) => void;
  /** A page of a catch-up was read. */
  onPage: (rows: number) => void;
  /** Events were written to members, the first of them committed at a time (ISO 8601). */
  onDelivered: (events: number, committedAt: string) => void;
}

interface Hint {
  row: LogRow;
  epoch: string;
}

export type DeliveryParts = ReturnType<typeof composeDelivery>;

export function composeDelivery(deps: Deps) {
  const { catalogue, query, clock, failed } = deps;
  const log = createEventLog({ query, onPage: deps.onPage });
  const hints = createLocalHints<Hint>((_stream, { row, epoch }) => sequencers.receive(row, epoch));
  const writer = createLogWriter({
    query,
    onCommitted(rows, epoch) {
      for (const row of rows) hints.publish(row.stream, { row, epoch });
      deps.onCommitted(rows);
    },
    onBatch: deps.onBatch,
    onAppended: deps.onAppended,
    onUncertain: (streams) => sequencers.check(streams),
  });
  const outbox = createOutbox({ writer, clock, failed });
  const sequencers = createSequencers({
    log,
    listen: (stream) => hints.listen(stream),
    ignore: (stream) => hints.ignore(stream),
    delivery: split(),
    clock,
    mayDeliver: (stream) => stream === CONTROL_STREAM || control.fresh(),
    failed,
  });
  const control = createControlFollower({ log, sequencers, clock, failed });
  const membership = createMembership({
    flush: (stream) => fanOut.flush(stream),
    hold: (sequencer) => sequencers.hold(sequencer),
    unpin: (sequencer) => sequencers.unpin(sequencer),
    attendance: deps.attendance,
  });
  const revocations = createRevocations({ membership, clock, epoch: () => control.applied().epoch });
  const frameOf = createFramer(catalogue);
  const endedRoom = endingRooms(catalogue);
  const fanOut = createFanOut({
    membership,
    frameOf,
    clock,
    roomEnded(row) {
      const room = endedRoom(row);
      if (room !== null) revocations.endRoom(roomKey(tenantOf(row.stream), room), row.event);
    },
    onDelivered: deps.onDelivered,
  });

  /** Rows of the control stream are for this node itself, all others for members. */
  function split(): Delivery {
    return {
      deliver(row) {
        if (row.stream !== CONTROL_STREAM) {
          fanOut.deliver(row);
          return deps.onHandedOut(row);
        }
        deps.forget(revocationOf(row));
        revocations.apply(row);
        deps.onRevoked(row.offset);
      },
      flush: (stream) => fanOut.flush(stream),
      reset(stream, position, reason) {
        if (stream !== CONTROL_STREAM) return fanOut.reset(stream, position, reason);
        revocations.jump(position);
        deps.recheckEverybody();
      },
    };
  }

  const flush = (stream: StreamKey) => fanOut.flush(stream);
  return { log, writer, outbox, sequencers, control, membership, revocations, frameOf, endedRoom, fanOut, flush };
}

/** @returns the room that a row ends, or null */
function endingRooms({ events }: Catalogue): (row: LogRow) => string | null {
  const ending = new Map(events.map((event) => [event.name, event]));
  return (row) => {
    const definition = ending.get(row.event);
    return definition?.endsRoom ? definition.endsRoom(definition.data.parse(JSON.parse(row.data))) : null;
  };
}
