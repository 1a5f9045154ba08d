// Rooms are audiences, streams are logs: this file holds the names of both and the rule that ties them.
// It is the only place that knows what a room name looks like; everybody else asks here.
import { z } from 'zod';

/** Ids that a caller names: 1–128 characters. */
export const ID_PATTERN = /^[A-Za-z0-9_.-]{1,128}$/;

/** The schema of every id on the wire. */
export const id = z.string().regex(ID_PATTERN, 'takes 1–128 characters of A-Z a-z 0-9 _ - .');

/** The stream that all rooms of kinds with `stream: 'tenant'` share. */
export const TENANT_STREAM = 'tenant';

/**
 * A kind of room.
 * `stream: 'tenant'` – its rooms share the tenant's one stream, so one event may go to several of them.
 * `stream: 'own'` – each of its rooms is a stream by itself, and an event goes to no other room.
 */
export interface RoomKind<Kind extends string = string> {
  readonly kind: Kind;
  readonly stream: 'tenant' | 'own';
  /** A kind with one room only, named as the kind (`global`). */
  readonly single: boolean;
  /** One sentence for the reference pages. */
  readonly summary: string;
}

/** A room name taken apart. `stream` is the wire name of the stream that it belongs to. */
export interface ParsedRoom {
  readonly name: string;
  readonly kind: string;
  readonly id: string;
  readonly stream: string;
}

/**
 * Declares a kind of room; a host application uses it as the built-in kinds do.
 * @throws TypeError when the kind is not 1–32 lower-case letters, digits and underscores.
 */
export function defineRoomKind<const Kind extends string>(kind: {
  kind: Kind;
  stream: 'tenant' | 'own';
  single?: boolean;
  summary: string;
}): RoomKind<Kind> {
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(kind.kind)) throw new TypeError(`room kind "${kind.kind}" takes a-z 0-9 _`);
  return { single: false, ...kind };
}

export const roomKinds = [
  defineRoomKind({ kind: 'global', stream: 'tenant', single: true, summary: 'Everybody of the tenant.' }),
  defineRoomKind({ kind: 'project', stream: 'tenant', summary: 'A project and all that happens in it.' }),
  defineRoomKind({ kind: 'workflow', stream: 'tenant', summary: 'One run of a workflow.' }),
  defineRoomKind({ kind: 'agent', stream: 'tenant', summary: 'One agent and its status.' }),
  defineRoomKind({ kind: 'user', stream: 'own', summary: 'One user on all devices.' }),
  defineRoomKind({ kind: 'session', stream: 'own', summary: 'A person working with AI agents.' }),
  defineRoomKind({ kind: 'conversation', stream: 'own', summary: 'People talking to each other.' }),
] as const;

/** The name of a room of a kind, for kinds with many rooms. */
export function roomName(kind: string, roomId: string): string {
  return `${kind}:${roomId}`;
}

/** All rooms of the kind of a room: `project:*` for `project:42`, `global` for itself. */
export function kindPattern(room: string): string {
  const colon = room.indexOf(':');
  return colon < 0 ? room : roomName(room.slice(0, colon), '*');
}

/** Names of the built-in rooms. */
export const rooms = {
  global: 'global',
  user: (userId: string) => roomName('user', userId),
  project: (projectId: string) => roomName('project', projectId),
  session: (sessionId: string) => roomName('session', sessionId),
  conversation: (conversationId: string) => roomName('conversation', conversationId),
  workflow: (workflowId: string) => roomName('workflow', workflowId),
  agent: (agentId: string) => roomName('agent', agentId),
} as const;

/**
 * Takes a room name apart.
 * @param name a room name as it stands on the wire
 * @param kinds the kinds that exist
 * @returns the parsed room, or null when the name is not that of any possible room
 */
export function parseRoom(name: string, kinds: Iterable<RoomKind>): ParsedRoom | null {
  const colon = name.indexOf(':');
  const kindName = colon < 0 ? name : name.slice(0, colon);
  const roomId = colon < 0 ? '' : name.slice(colon + 1);
  for (const kind of kinds) {
    if (kind.kind !== kindName) continue;
    if (kind.single ? colon >= 0 : !ID_PATTERN.test(roomId)) return null;
    return { name, kind: kindName, id: roomId, stream: kind.stream === 'tenant' ? TENANT_STREAM : name };
  }
  return null;
}
