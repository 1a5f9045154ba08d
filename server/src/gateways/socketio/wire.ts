// A Socket.IO connection as a wire: events go as finished frames past Socket.IO's encoder where the transport allows.
import type { ConnectionEvents } from '@roomcast/protocol';
import type { Socket } from 'socket.io';
import type { EventFrame } from '../../events/event-frame.js';
import type { Backlog, Wire } from '../../rooms/member.js';
import { createBarrier } from './barrier.js';
import { engineOf, terminate, writeDirectly, type Engine } from './engine.js';
import type { PacketEncoder } from './encode.js';

interface Deps {
  socket: Socket;
  encoder: PacketEncoder;
  /** Frames are compressed one by one, so finished ones cannot be used. */
  compression: boolean;
}

export function createSocketIoWire({ socket, encoder, compression }: Deps): Wire {
  const engine = engineOf(socket);

  return {
    write(frames) {
      if (compression || engine.transport.name !== 'websocket') writeEach(engine, encoder, frames);
      else writeRun(engine, encoder, frames);
    },
    notify<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]) {
      socket.emit(event, { event, data, timestamp: new Date().toISOString() });
    },
    backlog: () => backlogOf(engine),
    drained: () => drained(engine),
    barrier: createBarrier(engine),
    close(_reason, kicked) {
      // A kicked client is told not to return; one whose transport ends comes back by itself.
      if (kicked) socket.disconnect(true);
      else if (engine.readyState === 'open' && engine.writeBuffer.length === 0) engine.close();
      else terminate(engine);
    },
  };
}

function writeEach(engine: Engine, encoder: PacketEncoder, frames: readonly EventFrame[]): void {
  for (const frame of frames) engine.write(encoder.packet(frame).text);
}

function writeRun(engine: Engine, encoder: PacketEncoder, frames: readonly EventFrame[]): void {
  const [first] = frames;
  if (!first) return;
  const { text, frame } = encoder.packet(first);
  const bytes = frames.length === 1 ? frame : encoder.run(frames);
  if (!writeDirectly(engine, bytes)) engine.write(text, { wsPreEncodedFrame: [bytes] });
}

function backlogOf({ writeBuffer }: Engine): Backlog {
  let bytes = 0;
  for (const { data = '', options } of writeBuffer) {
    bytes += options?.wsPreEncodedFrame?.[0]?.length ?? data.length;
  }
  return { packets: writeBuffer.length, bytes };
}

/** Resolves when nothing waits to be written, or the connection is closed. */
async function drained(engine: Engine): Promise<void> {
  const waits = () => engine.writeBuffer.length > 0 || !engine.transport.writable;
  while (engine.readyState !== 'closed' && waits()) await progress(engine);
}

/** Resolves when something was handed to the transport, or the transport has written all that it was handed. */
function progress(engine: Engine): Promise<void> {
  const { transport } = engine;
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'upgrade', 'close'] as const) engine.off(event, done);
      transport.off('ready', done);
      resolve();
    };
    for (const event of ['drain', 'upgrade', 'close'] as const) engine.on(event, done);
    transport.on('ready', done);
  });
}
