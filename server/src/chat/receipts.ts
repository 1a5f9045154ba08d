// How far each has read a room: a mark that never goes back, the same on every device.
import { badField, RoomcastError } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import type { Principal } from '../identity/principal.js';
import { inTransaction } from '../storage/transaction.js';
import type { ChatEvents } from './chat-events.js';
import { isChatRoomName } from './chat-room-name.js';
import * as rooms from './chat-room-store.js';
import { placeOf } from './message-store.js';

export interface Receipts {
  /**
   * Marks all messages up to one as read.
   * @returns how many are unread now
   * @throws RoomcastError `not_found`, `bad_request` for a message of another room
   */
  mark(caller: Principal, room: string, messageId: string): Promise<{ unread: number }>;
}

export function createReceipts({ dataSource, events }: { dataSource: DataSource; events: ChatEvents }): Receipts {
  return {
    async mark(caller, room, messageId) {
      const { tenant, userId } = caller;
      if (!isChatRoomName(room)) throw new RoomcastError('not_found');
      return inTransaction(dataSource, async (manager) => {
        const place = { tenant, room };
        if (!(await rooms.isMember(manager, place, userId))) throw new RoomcastError('not_found');
        const seq = await placeOf(manager, place, messageId);
        if (seq === null) throw badField('message_id', 'takes the id of a message of the room');
        if (await rooms.moveReadMark(manager, place, userId, seq)) await events.read(manager, caller, room, messageId);
        const readings = await rooms.readingsOf(manager, caller, [room]);
        return { unread: readings.get(room)?.unread ?? 0 };
      });
    },
  };
}
