// What a room had after a position, without entering it. The rights are asked again when one was taken meanwhile.
import { PAGE_EVENTS, parseRoom, RoomcastError, type CommandOf, type RoomKind } from '@roomcast/protocol';
import type { z } from 'zod';
import type { EventFrame } from '../events/event-frame.js';
import type { EventLog, Page } from '../events/event-log.js';
import { streamKey, type LogRow } from '../events/log-row.js';
import type { Principal } from '../identity/principal.js';
import type { Access } from './access.js';
import { unrecovered } from './continuity.js';
import type { Revocations } from './revocations.js';

type Request = z.output<CommandOf<'events.read'>['payload']>;
type Answer = z.output<CommandOf<'events.read'>['ack']>;

interface Deps {
  log: Pick<EventLog, 'page'>;
  access: Access;
  revocations: Pick<Revocations, 'overtook'>;
  roomKinds: readonly RoomKind[];
  frameOf: (row: LogRow) => EventFrame;
  /** Lets events that are committed already have their place in the log. */
  drain: () => Promise<void>;
}

/** @throws RoomcastError `not_found`, `forbidden` */
export type ReadEvents = (principal: Principal, request: Request) => Promise<Answer>;

export function createReadEvents({ log, access, revocations, roomKinds, frameOf, drain }: Deps): ReadEvents {
  return async (principal, request) => {
    const room = parseRoom(request.room, roomKinds);
    await drain();
    for (;;) {
      if (!room) throw new RoomcastError('not_found');
      const { control, decisions } = await access.authorize(principal, [room]);
      const [decision = 'not_found'] = decisions;
      if (decision !== 'granted') throw new RoomcastError(decision);
      const page = await log.page({
        stream: streamKey(principal.tenant, room.stream),
        rooms: [{ room: room.name, after: request.offset }],
        offsets: [],
        stateRooms: [],
        limit: request.limit ?? PAGE_EVENTS,
      });
      if (!revocations.overtook(principal, [room.name], control)) return answer(room.stream, request, page, frameOf);
    }
  };
}

function answer(stream: string, request: Request, page: Page, frameOf: Deps['frameOf']): Answer {
  const claim = { offset: request.offset, epoch: request.epoch, lastId: undefined, at: request.offset };
  const reason = unrecovered(claim, page);
  const last = page.full && !reason ? page.rows.at(-1) : undefined;
  const lastId = last ? last.id : page.lastId;
  return {
    stream,
    events: reason ? [] : page.rows.filter((row) => !row.superseded).map((row) => frameOf(row).envelope),
    offset: last ? last.offset : page.head,
    epoch: page.epoch,
    ...(lastId === null ? {} : { last_id: lastId }),
    has_more: last !== undefined,
    recovered: reason === null,
    ...(reason === null ? {} : { reason }),
  };
}
