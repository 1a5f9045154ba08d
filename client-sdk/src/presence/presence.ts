// Who is in a room and who types there, as a store in the form that React's `useSyncExternalStore` takes, and a way to
// say that one types oneself.
import type { BuiltInCatalogue } from '@roomcast/protocol';
import type { Client } from '../client.js';
import type { Room } from '../room.js';
import { createOwnTyping } from './own-typing.js';
import { next, nobodyKnown, type Happening, type Here } from './who-is-here.js';

/** Who types is heard of at least every four seconds. */
const SILENT_MS = 6_000;

export interface PresenceOptions {
  /** The `sub` of the token: one's own typing on other devices is left out. */
  readonly userId?: string;
}

export interface Presence {
  readonly room: string;
  /** Calls `changed` after every change. The first subscriber enters the room, and the last one leaves it. */
  subscribe(changed: () => void): () => void;
  /** The same object until something changes. */
  getSnapshot(): Here;
  /** The user has pressed a key. Tells the room at once, and that it is over after three seconds without another. */
  typing(): void;
  /** What was typed is sent, or given up. */
  stopTyping(): void;
  /** Ends the store for all subscribers. */
  close(): void;
}

/** What is needed of a client. */
interface PresenceClient extends Pick<Client, 'status' | 'command'> {
  room(name: string): Pick<Room<BuiltInCatalogue>, 'on' | 'onRevoked'>;
}

/** A client, and the same with `presence`. */
export type WithPresence<C extends PresenceClient> = C & { presence(room: Parameters<C['room']>[0]): Presence };

/**
 * Adds `client.presence(room)`.
 * @returns the client given; the same store for the same room until it is closed
 */
export function withPresence<C extends PresenceClient>(client: C, options: PresenceOptions = {}): WithPresence<C> {
  const stores = new Map<string, Presence>();
  return Object.assign(client, {
    presence(room: string) {
      const store = stores.get(room) ?? createPresence(client, room, options, () => stores.delete(room));
      stores.set(room, store);
      return store;
    },
  });
}

function createPresence(client: PresenceClient, room: string, options: PresenceOptions, closed: () => void): Presence {
  const listeners = new Set<() => void>();
  /** By user: until when a sign of typing is believed. */
  const silences = new Map<string, ReturnType<typeof setTimeout>>();
  let here = nobodyKnown;
  let ends: (() => void)[] = [];

  const isConnected = () => client.status.getSnapshot().state === 'connected';
  const own = createOwnTyping((command) => {
    // A sign that is lost, or refused, is a sign less: who may not enter the room is told so by the room.
    if (isConnected()) client.command(command, { room }).catch(() => undefined);
  });

  function happen(happening: Happening): void {
    const before = here;
    here = next(here, happening);
    if (here !== before) for (const changed of [...listeners]) changed();
  }

  function believe(userId: string, isTyping: boolean): void {
    clearTimeout(silences.get(userId));
    silences.delete(userId);
    if (isTyping)
      silences.set(
        userId,
        setTimeout(() => happen({ type: 'silent', userId }), SILENT_MS),
      );
  }

  function forget(): void {
    for (const timer of silences.values()) clearTimeout(timer);
    silences.clear();
    own.lost();
  }

  function open(): void {
    const handle = client.room(room);
    ends = [
      handle.on('presence.state', ({ data }) => happen({ type: 'state', data })),
      handle.on('presence.diff', ({ data }) => happen({ type: 'diff', data })),
      handle.on('presence.count', ({ data }) => happen({ type: 'count', data })),
      handle.on('typing.updated', ({ data }) => {
        if (data.user_id === options.userId) return;
        believe(data.user_id, data.is_typing);
        happen({ type: 'typing', data });
      }),
      handle.onRevoked(({ error }) => happen({ type: 'closed', error })),
      client.status.subscribe(() => {
        if (isConnected()) return;
        forget();
        happen({ type: 'lost' });
      }),
    ];
  }

  function end(): void {
    own.end();
    forget();
    for (const off of ends.splice(0)) off();
    happen({ type: 'lost' });
  }

  return {
    room,
    subscribe(changed) {
      // One object a subscription, also where a function is given twice.
      const listener = () => changed();
      if (listeners.size === 0) open();
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) end();
      };
    },
    getSnapshot: () => here,
    typing() {
      if (isConnected()) own.key();
    },
    stopTyping: () => own.end(),
    close() {
      listeners.clear();
      end();
      closed();
    },
  };
}
