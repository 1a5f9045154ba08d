// Where the bytes of attachments are kept. An implementation for an object store has the same three functions; names of
// callers never become names of files.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface AttachmentFiles {
  /** Keeps what a stream brings, whole or not at all. @param id a UUID that the platform made */
  put(id: string, bytes: AsyncIterable<Buffer>): Promise<void>;
  /** @throws when there is no such file, at the first read */
  get(id: string): Readable;
  /** Nothing happens when there is no such file. */
  delete(id: string): Promise<void>;
}

/** Files in a folder; only for nodes that share it. */
export function createLocalFiles(folder: string): AttachmentFiles {
  const path = (id: string) => join(folder, id);
  return {
    async put(id, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      try {
        await pipeline(bytes, createWriteStream(path(id), { flags: 'wx', mode: 0o600 }));
      } catch (error) {
        await rm(path(id), { force: true });
        throw error;
      }
    },
    get: (id) => createReadStream(path(id)),
    delete: (id) => rm(path(id), { force: true }),
  };
}
