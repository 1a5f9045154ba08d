/**
 * The embedded database: PGlite's files in one directory, in a thread of its own because it works synchronously and
 * would hold up every socket of the main thread. If the thread dies, what was in flight fails, and the next connection
 * starts a new thread, which recovers every acknowledged write. It never calls fsync: safe when the process is killed,
 * not when the machine loses power.
 */
import type { Duplex } from 'node:stream';
import { StorageUnavailable } from '../unavailable.js';
import { ensureDatabaseFiles } from './database-files.js';
import { type DatabaseThread, startDatabaseThread } from './database-thread.js';
import { EmbeddedSocket } from './embedded-socket.js';

export interface EmbeddedDatabase {
  /** Opens the files; the first time in a directory takes some seconds. */
  start(): Promise<void>;
  /** A connection for pg. All connections share one session: open one at a time. */
  openSocket(): Duplex;
  /** Ends the thread as a crash would. The next connection starts a new one. */
  kill(): Promise<void>;
  /** Ends the thread in good order, for good. */
  close(): Promise<void>;
}

/** @param directory where the database's files are; its parent exists */
export function createEmbeddedDatabase({ directory }: { directory: string }): EmbeddedDatabase {
  let thread: Promise<DatabaseThread> | undefined;
  let closed = false;

  function running(): Promise<DatabaseThread> {
    if (closed) return Promise.reject(new StorageUnavailable('the embedded database is closed'));
    thread ??= launch();
    return thread;
  }

  async function launch(): Promise<DatabaseThread> {
    const forget = () => void (thread = undefined);
    try {
      await ensureDatabaseFiles(directory);
      const started = await startDatabaseThread(directory);
      void started.ended.then(forget);
      return started;
    } catch (error) {
      forget();
      throw error;
    }
  }

  return {
    async start() {
      await running();
    },
    openSocket: () => new EmbeddedSocket(running),
    kill: async () => (await thread)?.kill(),
    async close() {
      closed = true;
      await (await thread)?.close();
    },
  };
}
