// Socket.IO's bytes of an event: packet text and finished WebSocket frame, made once for all members of a namespace.
// All frames that one turn brings a member go out as one buffer: a delivery is a system call.
import type { EventFrame } from '../../events/event-frame.js';
import { textFrame } from '../websocket-frame.js';

/** What engine.io's `write` takes. */
export interface EncodedPacket {
  readonly text: string;
  /** The frame, or several in a row, ready for the wire. */
  readonly frame: Buffer;
}

/** Code of an event packet in Socket.IO's protocol, and of a message in Engine.IO's. */
const EVENT = '2';
const MESSAGE = '4';

export interface PacketEncoder {
  packet(frame: EventFrame): EncodedPacket;
  /** The frames of all packets in one buffer. */
  run(frames: readonly EventFrame[]): Buffer;
}

/** @param namespace as in `/ws` */
export function createPacketEncoder(namespace: string): PacketEncoder {
  const prefix = namespace === '/' ? EVENT : `${EVENT}${namespace},`;
  const packets = new WeakMap<EventFrame, EncodedPacket>();
  const runs = new WeakMap<readonly EventFrame[], Buffer>();

  function packet(frame: EventFrame): EncodedPacket {
    const known = packets.get(frame);
    if (known) return known;
    const text = `${prefix}[${JSON.stringify(frame.name)},${frame.json}]`;
    const made = { text, frame: textFrame(MESSAGE + text) };
    packets.set(frame, made);
    return made;
  }

  return {
    packet,
    run(frames) {
      const known = runs.get(frames);
      if (known) return known;
      const made = Buffer.concat(frames.map((frame) => packet(frame).frame));
      runs.set(frames, made);
      return made;
    },
  };
}
