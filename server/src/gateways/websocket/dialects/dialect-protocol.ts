// A dialect as a protocol of the WebSocket gateway. Frames of a connection are taken one after the other, as the servers
// that these clients were written for did it: who joins and speaks in one breath hears itself.
import { RoomcastError, type CommandDefinition, type ConnectionEvents, type WireError } from '@roomcast/protocol';
import { z } from 'zod';
import type { Answer, CommandRouter } from '../../command-router.js';
import { endingOf, endings } from '../ending.js';
import { createFrameEncoder } from '../frame-encoder.js';
import { parseFrame } from '../parse-frame.js';
import type { Dialogue, Place as ProtocolPlace, Protocol, Session } from '../protocol.js';
import type { Action, Dialect, Frame, Talk } from './dialect.js';

const frameUp = z.looseObject({});
const PREFIX = '/api';

interface Deps {
  router: CommandRouter;
  errorOf: (thrown: unknown, context: object) => RoomcastError;
}

export function createDialectProtocol<Place>(dialect: Dialect<Place>, deps: Deps): Protocol {
  const told = new Map(dialect.events.map(({ event, frameOf }) => [event, frameOf]));
  const heard = new Map((dialect.heard ?? []).map(({ event, take }) => [event, take]));
  const textOf = (frame: Frame, at: string) => JSON.stringify({ ...frame, timestamp: dialect.stamp?.(at) ?? at });

  function placeAt(path: string): Place | null {
    const found = dialect.at(path);
    return found === null && path.startsWith(`${PREFIX}/ws/`) ? dialect.at(path.slice(PREFIX.length)) : found;
  }

  function at(path: string): ProtocolPlace | null {
    const place = placeAt(path);
    if (place === null) return null;
    return {
      admit: async (principal) => dialect.admit?.(principal, place),
      begin: (session) => begin(place, session),
    };
  }

  function begin(place: Place, session: Session): Dialogue {
    const talk = createTalk(place, session, deps.router, (frame) =>
      session.say(textOf(frame, new Date().toISOString())),
    );
    const complain = (error: WireError, action: string | null) => talk.say(dialect.error(error, action, place));
    const ready = (dialect.begin?.(talk) ?? Promise.resolve()).catch((thrown: unknown) => {
      session.end(endingOf(deps.errorOf(thrown, { dialect: dialect.name })));
    });

    /** What cannot be understood counts as a command. */
    function refuse(error: RoomcastError): void {
      deps.router.refuse(session.caller, error, (answer) => answer.status === 'error' && complain(answer.error, null));
    }

    async function take(text: string): Promise<void> {
      const read = readAction(dialect, text);
      if (read instanceof RoomcastError) return refuse(read);
      const { name, run } = read;
      try {
        await run(talk);
      } catch (thrown) {
        complain(deps.errorOf(thrown, { dialect: dialect.name, action: name }).toWire(), name);
      }
    }

    function revoked(room: string): void {
      if (dialect.revoked) return dialect.revoked(room, talk);
      complain(new RoomcastError('forbidden', `This connection may not be in ${room} any more.`).toWire(), null);
    }

    return {
      ready,
      take,
      refuse,
      hear: (frame) => heard.get(frame.name)?.(frame, talk),
      notified(event: keyof ConnectionEvents, data: ConnectionEvents[keyof ConnectionEvents]) {
        // These clients load everything anew when they come back.
        if (event === 'room.reset') session.end(endings.comeAgain);
        // Who is thrown out is told by the close.
        if (event === 'room.revoked' && 'room' in data && !session.caller.member.thrownOut) revoked(data.room);
      },
    };
  }

  return {
    name: dialect.name,
    encoder: createFrameEncoder((event) => {
      const frame = told.get(event.name)?.(event);
      return frame ? textOf(frame, event.timestamp) : null;
    }),
    hears: new Set(heard.keys()),
    notice: () => null,
    echo: dialect.echo,
    at,
  };
}

function createTalk<Place>(
  place: Place,
  { caller, end }: Session,
  router: CommandRouter,
  say: (frame: Frame) => void,
): Talk<Place> {
  return {
    place,
    principal: caller.member.principal,
    member: caller.member,
    say,
    end,
    async ask<Payload extends z.ZodType, Ack extends z.ZodType>(
      { name, ack }: CommandDefinition<string, Payload, Ack>,
      payload: z.input<Payload>,
    ): Promise<z.output<Ack>> {
      const answer = await new Promise<Answer>((resolve) => router.dispatch(caller, name, payload, resolve));
      if (answer.status === 'error') throw errorFrom(answer.error);
      return ack.parse(answer);
    },
  };
}

function errorFrom({ code, message, retry_after_ms: retryAfterMs, issues }: WireError): RoomcastError {
  return new RoomcastError(code, message, { ...(retryAfterMs && { retryAfterMs }), ...(issues && { issues }) });
}

function readAction<Place>(
  { actionIn, actions }: Dialect<Place>,
  text: string,
): { name: string; run: ReturnType<Action<Place>> } | RoomcastError {
  try {
    const frame = frameUp.safeParse(parseFrame(text));
    if (!frame.success) return new RoomcastError('bad_request', 'The frame is no object.');
    const name = frame.data[actionIn];
    const action = typeof name === 'string' && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (typeof name === 'string' && action) return { name, run: action(frame.data) };
    return new RoomcastError('bad_request', `${actionIn}: takes ${Object.keys(actions).join(', ') || 'nothing here'}`);
  } catch (error) {
    if (error instanceof RoomcastError) return error;
    throw error;
  }
}
