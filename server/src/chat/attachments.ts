// Files in sessions and conversations: uploaded by and handed to those who are in the room, and to nobody else.
import type { Readable } from 'node:stream';
import { badField, RoomcastError, type Message } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Principal } from '../identity/principal.js';
import { repeat, type Clock } from '../ops/clock.js';
import { inTransaction, onCommit } from '../storage/transaction.js';
import type { AttachmentFiles } from './attachment-files.js';
import * as store from './attachment-store.js';
import { isChatRoomName } from './chat-room-name.js';
import { isMember } from './chat-room-store.js';
import { mediaTypeOf, SAMPLE_BYTES } from './media-type.js';
import type { AttachmentPart } from './message-store.js';
import { attachmentOf } from './message-view.js';

/** Files that no message has taken are deleted after this. */
const UNUSED_MS = 24 * 60 * 60 * 1000;
const SWEEP_MS = 60 * 60 * 1000;

export type Attachment = Message['attachments'][number];

/** A file on its way in, that is kept already but belongs to nothing yet. */
export interface Upload {
  readonly id: string;
  readonly sample: Buffer;
  readonly size: number;
}

export interface Attachments {
  /** Keeps bytes; what follows is `add` or `discard`. @throws what the stream or the store throws, then nothing is kept */
  receive(bytes: AsyncIterable<Buffer>): Promise<Upload>;
  discard(upload: Upload): Promise<void>;
  /**
   * @param declared its media type, as its uploader says
   * @throws RoomcastError `not_found` (the room), `bad_request` (an empty file, a wrong media type)
   */
  add(caller: Principal, room: string, upload: Upload, file: { name: string; declared: string }): Promise<Attachment>;
  /** @throws RoomcastError `not_found` */
  open(caller: Principal, id: string): Promise<{ part: AttachmentPart; bytes: Readable }>;
  /** Gives files to a message, in its transaction. @throws RoomcastError `bad_request` naming the id that cannot be used */
  claim(
    manager: EntityManager,
    of: { tenant: string; room: string },
    message: { id: string; sender_id: string },
    ids: readonly string[],
  ): Promise<AttachmentPart[]>;
  /** Deletes the files of a message, once its transaction has committed. */
  drop(manager: EntityManager, message: { tenant: string; id: string }): Promise<void>;
  /** Begins to delete what was uploaded and not used. @returns stops that */
  start(): () => Promise<void>;
}

interface Deps {
  dataSource: DataSource;
  files: AttachmentFiles;
  clock: Clock;
  failed: (error: unknown) => void;
}

export function createAttachments({ dataSource, files, clock, failed }: Deps): Attachments {
  async function deleteUnused(): Promise<void> {
    const ids = await store.deleteUnused(dataSource.manager, new Date(Date.now() - UNUSED_MS));
    for (const id of ids) await files.delete(id);
  }

  async function add(
    { tenant, userId }: Principal,
    room: string,
    { id, sample, size }: Upload,
    { name, declared }: { name: string; declared: string },
  ): Promise<Attachment> {
    if (size === 0) throw badField('file', 'is empty');
    const mediaType = await mediaTypeOf(sample, declared);
    if (mediaType === null) throw badField('file', `is not what its media type says: ${declared.slice(0, 100)}`);
    const part = { id, name, media_type: mediaType, size };
    await inTransaction(dataSource, async (manager) => {
      if (!isChatRoomName(room) || !(await isMember(manager, { tenant, room }, userId))) {
        throw new RoomcastError('not_found');
      }
      await store.insertAttachment(manager, { ...part, tenant, room, uploader_id: userId });
    });
    return attachmentOf(part);
  }

  return {
    async receive(bytes) {
      const id = newId();
      const tally: Tally = { sample: Buffer.alloc(0), size: 0 };
      await files.put(id, counted(bytes, tally));
      return { id, ...tally };
    },
    discard: ({ id }) => files.delete(id),
    async add(caller, room, upload, file) {
      try {
        return await add(caller, room, upload, file);
      } catch (error) {
        await files.delete(upload.id);
        throw error;
      }
    },
    async open(caller, id) {
      const row = await store.findAttachment(dataSource.manager, caller, id);
      if (!row) throw new RoomcastError('not_found');
      return { part: row, bytes: files.get(row.id) };
    },
    async claim(manager, { tenant, room }, { id: messageId, sender_id: userId }, ids) {
      if (ids.length === 0) return [];
      const parts = await store.claimAttachments(manager, { tenant, room, userId, messageId }, ids);
      const index = ids.findIndex((id) => !parts.some((part) => part.id === id));
      if (index >= 0) {
        throw badField(`attachment_ids.${index}`, 'takes a file that you have uploaded to this room and not sent yet');
      }
      return parts.sort((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
    },
    async drop(manager, message) {
      const ids = await store.deleteAttachmentsOf(manager, message);
      const gone = () => Promise.all(ids.map((id) => files.delete(id))).catch(failed);
      if (ids.length > 0) onCommit(manager, gone);
    },
    start: () => repeat(clock, SWEEP_MS, deleteUnused, failed),
  };
}

interface Tally {
  sample: Buffer;
  size: number;
}

/** The same bytes, of which the first are kept and all are counted. */
async function* counted(bytes: AsyncIterable<Buffer>, tally: Tally): AsyncIterable<Buffer> {
  for await (const chunk of bytes) {
    const wanted = SAMPLE_BYTES - tally.sample.length;
    if (wanted > 0) tally.sample = Buffer.concat([tally.sample, chunk.subarray(0, wanted)]);
    tally.size += chunk.length;
    yield chunk;
  }
}
