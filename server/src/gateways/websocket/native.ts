// The native protocol: commands up as `{id?, event, data}`, acks down under the same id, events as their envelopes.
import { optional, parseInput, RoomcastError } from '@roomcast/protocol';
import { z } from 'zod';
import type { Answer, CommandRouter } from '../command-router.js';
import type { Connections } from '../connections.js';
import { createFrameEncoder } from './frame-encoder.js';
import { parseFrame } from './parse-frame.js';
import type { Dialogue, Protocol, Session } from './protocol.js';

const PATHS = ['/ws', '/ws/v1', '/api/ws/v1'];

const commandFrame = z.object({
  id: optional(z.union([z.string().max(128), z.number()])),
  event: z.string(),
  data: optional(z.unknown()),
});

const authFrame = z.object({ event: z.literal('auth'), data: z.object({ token: z.string() }) });

interface Deps {
  router: CommandRouter;
  connections: Pick<Connections, 'welcome'>;
}

export function createNativeProtocol({ router, connections }: Deps): Protocol {
  return {
    name: 'native',
    encoder: createFrameEncoder((frame) => frame.json),
    notice: message,
    echo: (text) => (text === 'ping' ? 'pong' : null),
    credentialIn(text) {
      const frame = authFrame.safeParse(parseFrame(text));
      if (frame.success) return frame.data.data.token;
      throw new RoomcastError('unauthorized', 'The first frame has to be {"event": "auth", "data": {"token": "…"}}.');
    },
    at: (path) => (PATHS.includes(path) ? { begin: (session) => begin(session, { router, connections }) } : null),
  };
}

function begin({ caller, say }: Session, { router, connections }: Deps): Dialogue {
  const tell = (answer: Answer) => {
    if (answer.status === 'error') say(message('error', answer.error));
  };
  connections.welcome(caller);
  return {
    take(text) {
      const frame = read(text);
      if (frame instanceof RoomcastError) return router.refuse(caller, frame, tell);
      const { id, event, data } = frame;
      router.dispatch(caller, event, data, (answer) => {
        if (id === undefined) tell(answer);
        else say(JSON.stringify({ id, event: 'ack', data: answer, timestamp: new Date().toISOString() }));
      });
    },
    refuse: (error) => router.refuse(caller, error, tell),
  };
}

function read(text: string): z.output<typeof commandFrame> | RoomcastError {
  try {
    return parseInput(commandFrame, parseFrame(text));
  } catch (error) {
    if (error instanceof RoomcastError) return error;
    throw error;
  }
}

function message(event: string, data: object): string {
  return JSON.stringify({ event, data, timestamp: new Date().toISOString() });
}
