// A protocol's bytes of an event, made once for all connections that speak it. What one turn brings goes out as one
// buffer: a delivery is a system call.
import type { EventFrame } from '../../events/event-frame.js';
import { textFrame } from '../websocket-frame.js';

export interface FrameEncoder {
  /** What the protocol says of the event; null: nothing. */
  text(frame: EventFrame): string | null;
  /** The WebSocket frames of all events in one buffer, which may be empty. */
  run(frames: readonly EventFrame[]): Buffer;
}

/** @param textOf what the protocol says of an event; null: nothing. Called once an event */
export function createFrameEncoder(textOf: (frame: EventFrame) => string | null): FrameEncoder {
  const texts = new WeakMap<EventFrame, string | null>();
  const single = new WeakMap<EventFrame, Buffer>();
  /** The newest run, which is asked for by one connection after the other. */
  let newest: { frames: readonly EventFrame[]; bytes: Buffer } | null = null;

  function text(frame: EventFrame): string | null {
    const known = texts.get(frame);
    if (known !== undefined) return known;
    const made = textOf(frame);
    texts.set(frame, made);
    return made;
  }

  function one(frame: EventFrame): Buffer {
    const known = single.get(frame);
    if (known) return known;
    const said = text(frame);
    const made = said === null ? NOTHING : textFrame(said);
    single.set(frame, made);
    return made;
  }

  return {
    text,
    run(frames) {
      if (newest?.frames === frames) return newest.bytes;
      const [only] = frames;
      const bytes = only && frames.length === 1 ? one(only) : Buffer.concat(frames.map(one));
      newest = { frames, bytes };
      return bytes;
    },
  };
}

const NOTHING = Buffer.alloc(0);
