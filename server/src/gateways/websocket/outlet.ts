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
  return ws.extensions === '' ? finished(ws, socket, encoder) : compressing(ws, encoder);
}

function finished(ws: WebSocket, socket: Duplex, encoder: FrameEncoder): Outlet {
  /** Frames that were written while others waited. */
  let waiting = 0;

  function put(bytes: Buffer, count: number): void {
    if (bytes.length === 0 || ws.readyState !== WebSocket.OPEN) return;
    if (socket.writableLength === 0) {
      socket.write(bytes);
      return;
    }
    waiting += count;
    socket.write(bytes, () => (waiting -= count));
  }

  return {
    write: (frames) => put(encoder.run(frames), frames.length),
    say: (text) => put(textFrame(text), 1),
    backlog: () => ({ packets: waiting, bytes: ws.bufferedAmount }),
    drained() {
      if (socket.writableLength === 0 || ws.readyState !== WebSocket.OPEN) return Promise.resolve();
      // Called when what was written before it is gone, and when the socket is destroyed.
      return new Promise((resolve) => socket.write('', () => resolve()));
    },
  };
}

function compressing(ws: WebSocket, encoder: FrameEncoder): Outlet {
  let waiting = 0;
  let last = Promise.resolve();

  function say(text: string): void {
    if (ws.readyState !== WebSocket.OPEN) return;
    waiting++;
    last = new Promise((resolve) =>
      ws.send(text, () => {
        waiting--;
        resolve();
      }),
    );
  }

  return {
    say,
    write(frames) {
      for (const frame of frames) {
        const text = encoder.text(frame);
        if (text !== null) say(text);
      }
    },
    backlog: () => ({ packets: waiting, bytes: ws.bufferedAmount }),
    drained: () => last,
  };
}
