// The way out of a WebSocket. Finished frames go straight to the socket, past the library; where the client wants
// compression, which is made for each connection anew, every text goes through it.
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { EventFrame } from '../../events/event-frame.js';
import type { Backlog } from '../../rooms/member.js';
import { textFrame } from '../websocket-frame.js';
import type { FrameEncoder } from './frame-encoder.js';

export interface Outlet {
  /** Events, in this order. */
  write(frames: readonly EventFrame[]): void;
  /** One text. */
  say(text: string): void;
  backlog(): Backlog;
  /** Resolves when all has left the process, or the connection is gone. */
  drained(): Promise<void>;
}

/** @param socket beneath the WebSocket */
export function createOutlet(ws: WebSocket, socket: Duplex, encoder: FrameEncoder): Outlet {
  return ws.extensions === '' ? new FinishedFrames(ws, socket, encoder) : new Compressing(ws, encoder);
}

// Objects with their fields rather than closures: whatever a write looks at on its connection misses the cache. With
// closures that was a quarter of a delivery, with these it is a sixth.

class FinishedFrames implements Outlet {
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #encoder: FrameEncoder;
  /** Frames that were written while others waited. */
  #waiting = 0;

  constructor(ws: WebSocket, socket: Duplex, encoder: FrameEncoder) {
    this.#ws = ws;
    this.#socket = socket;
    this.#encoder = encoder;
  }

  write(frames: readonly EventFrame[]): void {
    this.#put(this.#encoder.run(frames), frames.length);
  }

  say(text: string): void {
    this.#put(textFrame(text), 1);
  }

  backlog(): Backlog {
    return { packets: this.#waiting, bytes: this.#ws.bufferedAmount };
  }

  drained(): Promise<void> {
    const socket = this.#socket;
    if (socket.writableLength === 0 || this.#ws.readyState !== WebSocket.OPEN) return Promise.resolve();
    // Called when what was written before it is gone, and when the socket is destroyed.
    return new Promise((resolve) => socket.write('', () => resolve()));
  }

  #put(bytes: Buffer, count: number): void {
    const socket = this.#socket;
    if (bytes.length === 0 || this.#ws.readyState !== WebSocket.OPEN) return;
    if (socket.writableLength === 0) {
      socket.write(bytes);
      return;
    }
    this.#waiting += count;
    socket.write(bytes, () => (this.#waiting -= count));
  }
}

class Compressing implements Outlet {
  readonly #ws: WebSocket;
  readonly #encoder: FrameEncoder;
  #waiting = 0;
  #last = Promise.resolve();

  constructor(ws: WebSocket, encoder: FrameEncoder) {
    this.#ws = ws;
    this.#encoder = encoder;
  }

  write(frames: readonly EventFrame[]): void {
    for (const frame of frames) {
      const text = this.#encoder.text(frame);
      if (text !== null) this.say(text);
    }
  }

  say(text: string): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#waiting++;
    this.#last = new Promise((resolve) =>
      this.#ws.send(text, () => {
        this.#waiting--;
        resolve();
      }),
    );
  }

  backlog(): Backlog {
    return { packets: this.#waiting, bytes: this.#ws.bufferedAmount };
  }

  drained(): Promise<void> {
    return this.#last;
  }
}
