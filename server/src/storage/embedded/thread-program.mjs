// The thread in which the embedded database lives: wire frames in, wire frames out, one after the other. It is plain
// JavaScript because a thread is started from a file, and must start the same way from the sources and when built.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

const database = new PGlite({ dataDir: workerData.directory });
await database.waitReady;

parentPort.on('message', ({ socket, frames }) => {
  if (frames === undefined) return void close();
  // A copy of exactly the answer, so that its memory can move to the other thread.
  const bytes = database.execProtocolRawSync(frames).slice();
  parentPort.postMessage({ socket, bytes }, [bytes.buffer]);
});
parentPort.postMessage({ ready: true });

async function close() {
  await database.close();
  parentPort.close();
}
