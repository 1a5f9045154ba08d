// Who types where. A sign of typing lasts 5 s and is renewed by a repeat; the room is told that somebody types at most
// every 2 s, and at once that they do no longer. An agent is announced at once and kept announced until it is done: the
// room hears of it again every 4 s, so that who comes later, and who takes 5 s of silence for the end, knows.
import { RoomcastError, type ParsedRoom } from '@roomcast/protocol';
import type { Clock } from '../ops/clock.js';

const LASTS_MS = 5_000;
const TOLD_EVERY_MS = 2_000;
const AGENT_REPEATED_EVERY_MS = 4_000;

/** Who types, as the room is told. */
export interface Typist {
  readonly user_id: string;
  readonly name: string | null;
  readonly is_ai: boolean;
}

/** The connection that a person types on. */
export interface TypingConnection {
  readonly id: string;
  readonly principal: { readonly tenant: string; readonly userId: string; readonly name: string | null };
}

export interface Typing {
  /** The connection's user types in a room. */
  start(connection: TypingConnection, room: string): void;
  /** The connection's user does not, or is gone from the room. */
  end(connection: TypingConnection, room: string): void;
  /** An agent works on an answer in a room, until it is switched off. Repeats change nothing. */
  agent(tenant: string, room: string, who: Typist, on: boolean): void;
  stop(): void;
}

/** Tells a room, but for one connection. */
export type TellTyping = (
  tenant: string,
  told: Typist & { readonly room: string; readonly is_typing: boolean },
  except: string | null,
) => void;

/** Somebody who types in a room, or did just now. */
interface Desk {
  readonly tenant: string;
  readonly room: string;
  readonly who: Typist;
  /** By connection: until when, unless it is renewed. */
  readonly until: Map<string, number>;
  /** The room believes that they type. */
  told: boolean;
  /** When the room may be told next that they do. */
  mayTellAt: number;
  cancel: () => void;
}

export function createTyping({ clock, tell }: { clock: Clock; tell: TellTyping }): Typing {
  const desks = new Map<string, Desk>();
  const agents = new Map<string, () => void>();
  let stopped = false;

  function deskOf({ principal: { tenant, userId, name } }: TypingConnection, room: string): Desk {
    const key = keyOf(tenant, room, userId);
    const known = desks.get(key);
    if (known) return known;
    const who = { user_id: userId, name, is_ai: false };
    const desk: Desk = { tenant, room, who, until: new Map(), told: false, mayTellAt: 0, cancel: () => {} };
    desks.set(key, desk);
    return desk;
  }

  function say({ tenant, room, who }: Pick<Desk, 'tenant' | 'room' | 'who'>, on: boolean, except: string | null): void {
    tell(tenant, { ...who, room, is_typing: on }, except);
  }

  /**
   * Tells what is due, and comes again when something else will be.
   * @param by the connection that it is about @param repeated it has just said that it types
   */
  function proceed(desk: Desk, by: string | null, repeated = false): void {
    desk.cancel();
    const now = clock.now();
    const types = desk.until.size > 0;
    if (types && (repeated || !desk.told) && now >= desk.mayTellAt) {
      desk.told = true;
      desk.mayTellAt = now + TOLD_EVERY_MS;
      say(desk, true, by);
    } else if (!types && desk.told) {
      desk.told = false;
      say(desk, false, by);
    }
    const next = Math.min(...desk.until.values(), desk.told ? Infinity : desk.mayTellAt);
    if (!types && now >= desk.mayTellAt) desks.delete(keyOf(desk.tenant, desk.room, desk.who.user_id));
    else desk.cancel = clock.after(next - now, () => expire(desk));
  }

  function expire(desk: Desk): void {
    const [last = null] = desk.until.keys();
    for (const [connection, until] of desk.until) if (until <= clock.now()) desk.until.delete(connection);
    proceed(desk, last);
  }

  return {
    start(connection, room) {
      if (stopped) return;
      const desk = deskOf(connection, room);
      desk.until.set(connection.id, clock.now() + LASTS_MS);
      proceed(desk, connection.id, true);
    },
    end(connection, room) {
      const { tenant, userId } = connection.principal;
      const desk = desks.get(keyOf(tenant, room, userId));
      if (desk?.until.delete(connection.id)) proceed(desk, connection.id);
    },
    agent(tenant, room, who, on) {
      const key = keyOf(tenant, room, who.user_id);
      const cancel = agents.get(key);
      if (stopped || on === (cancel !== undefined)) return;
      const announce = () => {
        say({ tenant, room, who }, true, null);
        agents.set(key, clock.after(AGENT_REPEATED_EVERY_MS, announce));
      };
      if (on) return announce();
      cancel?.();
      agents.delete(key);
      say({ tenant, room, who }, false, null);
    },
    stop() {
      stopped = true;
      for (const desk of desks.values()) desk.cancel();
      for (const cancel of agents.values()) cancel();
      desks.clear();
      agents.clear();
    },
  };
}

/**
 * Sessions, conversations, and rooms of a host application that are streams of their own: rooms of a few people.
 * @returns the room's name
 * @throws RoomcastError `bad_request` for rooms of other kinds
 */
export function typingPlace({ name, kind, stream }: ParsedRoom): string {
  if (stream === name && kind !== 'user') return name;
  const message = 'takes a session or conversation';
  throw new RoomcastError('bad_request', `room: ${message}`, { issues: [{ path: 'room', message }] });
}

function keyOf(tenant: string, room: string, user: string): string {
  return `${tenant}/${room}/${user}`;
}
