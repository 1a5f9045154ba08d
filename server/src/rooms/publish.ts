// Events that callers emit themselves, by command or over HTTP: publishers only, in their own tenant, under their own ids.
import { RoomcastError, type Receipt } from '@roomcast/protocol';
import type { Broadcaster, EmitItem } from '../events/broadcaster.js';
import { isPublisher, type Principal } from '../identity/principal.js';

/**
 * Emits events in the caller's tenant, all or none.
 * @returns a receipt for each, in order
 * @throws RoomcastError `forbidden`, `bad_request`, `conflict`
 */
export type Publish = (caller: Principal, items: readonly EmitItem[]) => Promise<Receipt[]>;

/** @param mayPost throws when a publisher may not post one of these events all the same */
export function createPublish(
  broadcaster: Pick<Broadcaster, 'emitAll'>,
  mayPost: (caller: Principal, items: readonly EmitItem[]) => Promise<void>,
): Publish {
  return async (caller, items) => {
    if (!isPublisher(caller)) throw new RoomcastError('forbidden', 'Only a publisher or an admin may emit events.');
    await mayPost(caller, items);
    return broadcaster.emitAll(items, { tenant: caller.tenant, caller: caller.userId });
  };
}
