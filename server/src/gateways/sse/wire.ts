// A stream of server-sent events as a wire: https://html.spec.whatwg.org/multipage/server-sent-events.html
// Every event carries the cursor of the connection, with which a client goes on after it.
import type { ServerResponse } from 'node:http';
import type { ConnectionEvents } from '@roomcast/protocol';
import type { EventFrame } from '../../events/event-frame.js';
import type { Wire } from '../../rooms/member.js';
import type { Clock } from '../../ops/clock.js';
import { MovingCursor } from './cursor.js';

/** After so long a client comes back by itself. */
const RETRY_MS = 1_000;
/** What is not written by then, at the end of a connection, is given up. */
const END_MS = 1_000;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  // For nginx, which else would keep events until it has many.
  'X-Accel-Buffering': 'no',
};

export interface SseWire extends Wire {
  readonly cursor: MovingCursor;
  /** A comment that shows that the connection lives, and tells where it is. */
  beat(): void;
  /** Called when the connection has been told something about itself. */
  onNotice: (event: keyof ConnectionEvents) => unknown;
}

/** Nothing is written before there is something to say, so a refusal can still be a plain answer. */
export function createSseWire(response: ServerResponse, clock: Clock): SseWire {
  const cursor = new MovingCursor();
  /** Events that were written while others waited. */
  let waiting = 0;

  function put(text: string, events: number): void {
    if (response.writableEnded || response.destroyed) return;
    begin(response);
    if (response.writableLength === 0) {
      response.write(text);
      return;
    }
    waiting += events;
    response.write(text, () => (waiting -= events));
  }

  function block(frame: EventFrame): string {
    const { id, stream, offset } = frame.place;
    if (stream !== undefined && offset !== undefined) cursor.pass(stream, offset, id);
    return `${idLine()}event: ${frame.name}\ndata: ${frame.json}\n\n`;
  }

  const idLine = () => (cursor.isEmpty ? '' : `id: ${cursor.toString()}\n`);

  const wire: SseWire = {
    cursor,
    tokenIsFinal: true,
    onNotice() {},
    write: (frames) => put(frames.map(block).join(''), frames.length),
    notify(event: keyof ConnectionEvents, data: ConnectionEvents[keyof ConnectionEvents]) {
      if ('epoch' in data) cursor.move(data.stream, { ...data, lastId: data.last_id ?? null });
      const json = JSON.stringify({ event, data, timestamp: new Date().toISOString() });
      put(`${idLine()}event: ${event}\ndata: ${json}\n\n`, 1);
      wire.onNotice(event);
    },
    beat: () => put(`:\n${idLine()}\n`, 0),
    backlog: () => ({ packets: waiting, bytes: response.writableLength }),
    drained() {
      if (response.writableLength === 0 || response.destroyed) return Promise.resolve();
      return new Promise((resolve) => {
        response.once('close', resolve);
        // A comment, which nobody sees, goes out behind what waits.
        response.write(':\n\n', () => resolve());
      });
    },
    close() {
      begin(response);
      response.end();
      const cancel = clock.after(END_MS, () => response.destroy());
      response.once('close', cancel);
    },
  };
  return wire;
}

function begin(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(200, HEADERS).write(`retry: ${RETRY_MS}\n\n`);
}

/** Sends a client away so that it comes back by itself; after any other answer than this a browser would not. */
export function turnAway(response: ServerResponse): void {
  begin(response);
  response.end();
}
