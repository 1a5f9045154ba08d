/**
 * The embedded database's thread seen from the main one: started, spoken to in wire frames, killed or closed. Once it
 * has ended, for whatever reason, every socket on it is told; a new thread recovers the files as after a crash.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StorageUnavailable } from '../unavailable.js';

/** What the thread tells a socket. */
export interface ThreadListener {
  answer(bytes: Uint8Array): void;
  /** The thread is gone: nothing more will come. */
  ended(reason: Error): void;
}

export interface DatabaseThread {
  /** Resolves when the thread is gone, closed or not. */
  readonly ended: Promise<void>;
  /** Opens one conversation. `send` takes whole wire messages; `leave` ends it, later answers are dropped. */
  join(listener: ThreadListener): { send(frames: Uint8Array<ArrayBuffer>): void; leave(): void };
  /** Ends it at once, as a crash would, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Lets it finish, write a checkpoint and end; killed if that takes more than ten seconds. */
  close(): Promise<void>;
}

interface Answer {
  readonly socket: number;
  readonly bytes: Uint8Array;
}

const CLOSE_MS = 10_000;
const PROGRAM = new URL('./thread-program.mjs', import.meta.url);

/**
 * Starts the thread on a directory of database files, which it makes if there are none.
 * @throws Error if the files cannot be opened
 */
export async function startDatabaseThread(directory: string): Promise<DatabaseThread> {
  // Without the options of this process: a loader or inspector of the application is no business of the thread.
  const worker = new Worker(PROGRAM, { workerData: { directory }, execArgv: [] });
  const ended = once(worker, 'exit').then(() => undefined);
  await ready(worker, ended, directory);
  return speakWith(worker, ended);
}

async function ready(worker: Worker, ended: Promise<void>, directory: string): Promise<void> {
  const failed = `the embedded database in ${directory} could not be opened`;
  try {
    await Promise.race([once(worker, 'message'), ended.then(() => Promise.reject(new Error('its thread ended')))]);
  } catch (error) {
    await worker.terminate();
    throw new Error(failed, { cause: error });
  }
}

function speakWith(worker: Worker, ended: Promise<void>): DatabaseThread {
  const listeners = new Map<number, ThreadListener>();
  let sockets = 0;
  let reason: Error = new StorageUnavailable('the embedded database was stopped');

  worker.on('message', ({ socket, bytes }: Answer) => listeners.get(socket)?.answer(bytes));
  worker.on('error', (error) => {
    reason = new StorageUnavailable('the embedded database stopped with an error', { cause: error });
  });
  let over = false;
  void ended.then(() => {
    over = true;
    for (const listener of listeners.values()) listener.ended(reason);
    listeners.clear();
  });

  return {
    ended,
    join(listener) {
      const socket = ++sockets;
      if (over) queueMicrotask(() => listener.ended(reason));
      else listeners.set(socket, listener);
      return {
        send: (frames) => worker.postMessage({ socket, frames }, [frames.buffer]),
        leave: () => void listeners.delete(socket),
      };
    },
    async kill() {
      await worker.terminate();
      await ended;
    },
    async close() {
      const timer = setTimeout(() => void worker.terminate(), CLOSE_MS);
      worker.postMessage({});
      await ended;
      clearTimeout(timer);
    },
  };
}
