// Sessions and conversations as one feature: what it offers to the doors, made of its parts.
import type { BuiltInCatalogue, Position } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Clock } from '../ops/clock.js';
import type { AttachmentFiles } from './attachment-files.js';
import { createAttachments, type Attachments } from './attachments.js';
import { createChatEvents } from './chat-events.js';
import { createChatRooms, type ChatRooms, type ChatRoomsDeps } from './chat-rooms.js';
import { createMessages, type Messages, type MessagesDeps } from './messages.js';
import { createReceipts, type Receipts } from './receipts.js';
import { createSearch, type Search } from './search.js';
import { createReadSessionState, type ConnectedUser, type ReadSessionState } from './session-state.js';
import { createSharing, type Sharing } from './sharing.js';
import { createSignal, type Signal } from './signals.js';
import { createReadThread, type ReadThread } from './threads.js';

export interface Chat {
  readonly rooms: ChatRooms;
  readonly messages: Messages;
  readonly receipts: Receipts;
  readonly attachments: Attachments;
  readonly search: Search;
  readonly sessionState: ReadSessionState;
  readonly sharing: Sharing;
  readonly signal: Signal;
  /** What agents are shown. */
  readonly thread: ReadThread;
}

interface Deps
  extends Pick<ChatRoomsDeps, 'revoke' | 'ensureUser'>, Pick<MessagesDeps, 'count' | 'sent' | 'mentioned'> {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in' | 'emit'>;
  files: AttachmentFiles;
  clock: Clock;
  failed: (error: unknown) => void;
  /** Distinct users who are in a room now, the first of them, and how many there are. */
  connected(tenant: string, room: string, most: number): Promise<{ users: ConnectedUser[]; count: number }>;
  /** Reads in a snapshot, with the position of the room that the snapshot is true at. */
  readAt<Value>(
    tenant: string,
    room: string,
    read: (manager: EntityManager) => Promise<Value>,
  ): Promise<{ position: Position; value: Value }>;
}

export function createChat(deps: Deps): Chat {
  const events = createChatEvents(deps.broadcaster);
  const attachments = createAttachments(deps);
  const sharing = createSharing(deps);
  return {
    rooms: createChatRooms({ ...deps, events }),
    messages: createMessages({ ...deps, events, attachments }),
    receipts: createReceipts({ ...deps, events }),
    attachments,
    search: createSearch(deps),
    sessionState: createReadSessionState(deps),
    sharing,
    signal: createSignal({ ...deps, sharing }),
    thread: createReadThread(deps.dataSource),
  };
}
