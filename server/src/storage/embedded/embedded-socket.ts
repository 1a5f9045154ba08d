/**
 * What pg takes for its network socket: frames written go to the database's thread, its answers are read. pg gathers
 * the messages of one statement in one write, so a statement costs one passage between the threads. (PGlite's own
 * node-postgres adapter passes each message by itself, which took three times as long.)
 */
import { Duplex } from 'node:stream';
import type { DatabaseThread } from './database-thread.js';

type Conversation = ReturnType<DatabaseThread['join']>;

const TERMINATE = 'X'.charCodeAt(0);

/** One connection to the embedded database. */
export class EmbeddedSocket extends Duplex {
  readonly #thread: () => Promise<DatabaseThread>;
  #conversation: Conversation | undefined;

  /** @param thread answers the running thread, starting one if there is none */
  constructor(thread: () => Promise<DatabaseThread>) {
    super();
    this.#thread = thread;
  }

  /** Called by pg in place of a network connect; `connect` is emitted, or the socket destroyed with the reason. */
  connect(): this {
    this.#thread().then(
      (thread) => this.#join(thread),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
    return this;
  }

  #join(thread: DatabaseThread): void {
    if (this.destroyed) return;
    this.#conversation = thread.join({
      answer: (bytes) => this.push(bytes),
      ended: (reason) => this.destroy(reason),
    });
    this.emit('connect');
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk]);
    done();
  }

  override _writev(chunks: Array<{ chunk: Uint8Array }>, done: (error?: Error | null) => void): void {
    this.#send(chunks.map(({ chunk }) => chunk));
    done();
  }

  /** One piece of memory of its own, which can move to the other thread. The session has no end that the thread knows. */
  #send(chunks: Uint8Array[]): void {
    const messages = chunks.filter((chunk) => chunk[0] !== TERMINATE);
    if (messages.length === 0) return;
    const frames = new Uint8Array(messages.reduce((length, chunk) => length + chunk.length, 0));
    let at = 0;
    for (const chunk of messages) {
      frames.set(chunk, at);
      at += chunk.length;
    }
    this.#conversation?.send(frames);
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#conversation?.leave();
    done(error);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
