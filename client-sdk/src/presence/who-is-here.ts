// Who is in a room and who types there, as a client puts it together from what it is told. Pure: what is known and what
// happened make what is known next.
import type { BuiltInCatalogue, EventMap } from '@roomcast/protocol';

type Events = EventMap<BuiltInCatalogue>;

/** Somebody in a room, on one device or several. */
export type RoomMember = Events['presence.state']['members'][number];

/** Somebody who types. */
export interface Typist {
  readonly user_id: string;
  readonly name?: string | undefined;
  readonly is_ai: boolean;
}

export interface Here {
  /** Whether this is how it is now. Before the server has told, and while the connection is lost, it may be otherwise. */
  readonly current: boolean;
  /** In the order of user ids; null before it is known, and in rooms of more than 200, where only the number is told. */
  readonly members: readonly RoomMember[] | null;
  readonly count: number;
  readonly typing: readonly Typist[];
  /** Why the room may not be entered, or not any more. */
  readonly error: unknown;
}

export type Happening =
  | { readonly type: 'state'; readonly data: Events['presence.state'] }
  | { readonly type: 'diff'; readonly data: Events['presence.diff'] }
  | { readonly type: 'count'; readonly data: Events['presence.count'] }
  | { readonly type: 'typing'; readonly data: Events['typing.updated'] }
  /** Nothing more was heard of somebody who typed. */
  | { readonly type: 'silent'; readonly userId: string }
  /** The connection is lost. */
  | { readonly type: 'lost' }
  | { readonly type: 'closed'; readonly error: unknown };

export const nobodyKnown: Here = { current: false, members: null, count: 0, typing: [], error: null };

/** The same object comes back where nothing changes. */
export function next(here: Here, happening: Happening): Here {
  switch (happening.type) {
    case 'state':
      return withMembers(here, happening.data.members);
    case 'diff': {
      // A diff says what has changed of what was told before.
      if (!here.members) return here;
      const { joins, leaves } = happening.data;
      const members = new Map(here.members.map((member) => [member.user_id, member]));
      for (const { user_id } of leaves) members.delete(user_id);
      for (const member of joins) members.set(member.user_id, member);
      return withMembers(here, [...members.values()]);
    }
    case 'count':
      return { ...here, current: true, error: null, members: null, count: happening.data.count };
    case 'typing': {
      const { user_id, name, is_ai, is_typing } = happening.data;
      const others = without(here, user_id);
      return is_typing ? { ...here, typing: [...others, { user_id, name, is_ai }] } : { ...here, typing: others };
    }
    case 'silent':
      return { ...here, typing: without(here, happening.userId) };
    case 'lost':
      return here.current || here.typing.length > 0 ? { ...here, current: false, typing: [] } : here;
    case 'closed':
      return { ...nobodyKnown, error: happening.error };
  }
}

function withMembers(here: Here, members: readonly RoomMember[]): Here {
  const sorted = [...members].sort((one, other) => (one.user_id < other.user_id ? -1 : 1));
  return { ...here, current: true, error: null, members: sorted, count: sorted.length };
}

function without({ typing }: Here, userId: string): readonly Typist[] {
  return typing.filter(({ user_id }) => user_id !== userId);
}
