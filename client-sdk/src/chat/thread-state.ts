// What is said in a room, as one user sees it: what the server has told, and what this device has done and the server has
// not answered yet. Pure: a state and what happened make the next state.
// Told messages move by events and snapshots only, so their order is the room's; what this device does stands over them
// until an event tells the same, or the server refuses it.
import type { CommandPayload } from '../catalogue-types.js';
import type { EventMap, BuiltInCatalogue } from '@roomcast/protocol';

export type Message = EventMap<BuiltInCatalogue>['message.created']['message'];
export type NewMessage = Omit<CommandPayload<'message.send'>, 'room' | 'client_id'>;

/** A message that is on its way, under the id that makes a repeat harmless. */
export interface Pending {
  readonly client_id: string;
  readonly message: NewMessage;
  readonly created_at: string;
  /** `sent`: the server has it, and its event has not come yet. */
  readonly state: 'sending' | 'sent' | 'failed';
  readonly error: unknown;
}

export type Change =
  | { readonly type: 'edit'; readonly content: string }
  | { readonly type: 'delete' }
  | { readonly type: 'react'; readonly emoji: string; readonly on: boolean };

interface Overlay {
  readonly id: number;
  readonly messageId: string;
  readonly change: Change;
  /** The server has done it. */
  readonly done: boolean;
  /** An event has told it, whatever others have told since. */
  readonly told: boolean;
}

/** An answer of an agent in the making. */
export interface Draft {
  readonly message_id: string;
  readonly agent_id: string;
  readonly attempt: number;
  readonly text: string;
}

export interface ThreadState {
  /** `closed`: the room may not be entered, or not any more; `error` says why. */
  readonly status: 'loading' | 'ready' | 'closed';
  readonly error: unknown;
  /** As the server has told, oldest first. */
  readonly told: readonly Message[];
  /** There are older ones than the first. */
  readonly hasMore: boolean;
  /** Older ones are being read: those before a message, and what has changed of them since they were asked for. */
  readonly reading: { readonly before: string; readonly changed: readonly Message[] } | null;
  readonly pending: readonly Pending[];
  readonly overlays: readonly Overlay[];
  readonly drafts: readonly Draft[];
  /** By user: the newest message that each has read. */
  readonly marks: Readonly<Record<string, string>>;
}

export type Happening =
  | { readonly type: 'loaded'; readonly messages: readonly Message[]; readonly hasMore: boolean }
  | { readonly type: 'reading'; readonly before: string }
  | {
      readonly type: 'older';
      readonly before: string;
      readonly messages: readonly Message[];
      readonly hasMore: boolean;
    }
  | { readonly type: 'created' | 'changed'; readonly message: Message }
  | { readonly type: 'read'; readonly userId: string; readonly messageId: string }
  | { readonly type: 'delta'; readonly delta: EventMap<BuiltInCatalogue>['message.delta'] }
  | { readonly type: 'sending'; readonly clientId: string; readonly message: NewMessage; readonly at: string }
  | { readonly type: 'sent'; readonly clientId: string; readonly message: Message }
  | { readonly type: 'discarded'; readonly clientId: string }
  | { readonly type: 'failed'; readonly clientId: string; readonly error: unknown }
  | { readonly type: 'changing'; readonly id: number; readonly messageId: string; readonly change: Change }
  | { readonly type: 'done' | 'undone'; readonly id: number }
  | { readonly type: 'closed'; readonly error: unknown };

export const emptyThread: ThreadState = {
  status: 'loading',
  error: null,
  told: [],
  hasMore: false,
  reading: null,
  pending: [],
  overlays: [],
  drafts: [],
  marks: {},
};

/** @param userId whose view it is */
export function next(state: ThreadState, happening: Happening, userId: string): ThreadState {
  switch (happening.type) {
    case 'loaded':
      return settled(anew(state, happening.messages, happening.hasMore), userId);
    case 'reading':
      return { ...state, reading: { before: happening.before, changed: [] } };
    case 'older':
      return settled(withOlder(state, happening), userId);
    case 'created':
      if (state.told.some(({ id }) => id === happening.message.id)) return state;
      return settled({ ...state, told: [...state.told, happening.message] }, userId);
    case 'changed': {
      const { message } = happening;
      return settled(withChanged(state, message, userId), userId);
    }
    case 'read':
      return { ...state, marks: { ...state.marks, [happening.userId]: happening.messageId } };
    case 'delta':
      return withDelta(state, happening.delta);
    case 'sending': {
      const { clientId: client_id, message, at: created_at } = happening;
      const sending: Pending = { client_id, message, created_at, state: 'sending', error: null };
      const known = state.pending.some((one) => one.client_id === client_id);
      const again = state.pending.map((one) => (one.client_id === client_id ? sending : one));
      return { ...state, pending: known ? again : [...state.pending, sending] };
    }
    case 'sent': {
      const [oldest] = state.told;
      // A repeat of what was told long ago: it stands before all that is shown, and no event comes any more.
      const isOlder = state.hasMore && oldest && happening.message.created_at < oldest.created_at;
      if (isOlder) return withoutPending(state, happening.clientId);
      return withPending(state, happening.clientId, { state: 'sent', error: null });
    }
    case 'failed':
      return withPending(state, happening.clientId, { state: 'failed', error: happening.error });
    case 'discarded':
      return withoutPending(state, happening.clientId);
    case 'changing': {
      const { id, messageId, change } = happening;
      return { ...state, overlays: [...state.overlays, { id, messageId, change, done: false, told: false }] };
    }
    case 'done': {
      const overlays = state.overlays.map((one) => (one.id === happening.id ? { ...one, done: true } : one));
      return settled({ ...state, overlays }, userId);
    }
    case 'undone':
      return { ...state, overlays: state.overlays.filter(({ id }) => id !== happening.id) };
    case 'closed':
      return { ...state, status: 'closed', error: happening.error };
  }
}

/** What the server has done already stands in the messages, or comes as an event after them. */
function anew(state: ThreadState, told: readonly Message[], hasMore: boolean): ThreadState {
  const pending = state.pending.filter((one) => one.state !== 'sent');
  const overlays = state.overlays.filter(({ done }) => !done);
  return { ...state, status: 'ready', error: null, told, hasMore, reading: null, pending, overlays };
}

/** What was asked for in a list that has begun anew since is not next to it. */
function withOlder(
  state: ThreadState,
  { before, messages, hasMore }: Extract<Happening, { type: 'older' }>,
): ThreadState {
  if (state.reading?.before !== before) return state;
  const changed = new Map(state.reading.changed.map((message) => [message.id, message]));
  const older = messages.map((message) => changed.get(message.id) ?? message);
  return { ...state, told: [...older, ...state.told], hasMore, reading: null };
}

function withChanged({ reading, ...state }: ThreadState, message: Message, userId: string): ThreadState {
  return {
    ...state,
    reading: reading && { ...reading, changed: [...reading.changed, message] },
    told: state.told.map((one) => (one.id === message.id ? message : one)),
    overlays: state.overlays.map((one) =>
      one.messageId === message.id && shows(message, one.change, userId) ? { ...one, told: true } : one,
    ),
  };
}

/** Takes away what stands over told messages and is told by now. */
function settled(state: ThreadState, userId: string): ThreadState {
  const told = new Map(state.told.map((message) => [message.id, message]));
  const own = new Set(state.told.flatMap((one) => (one.sender_id === userId ? [one.client_id] : [])));
  return {
    ...state,
    pending: state.pending.filter(({ client_id }) => !own.has(client_id)),
    drafts: state.drafts.filter(({ message_id }) => !told.has(message_id)),
    overlays: state.overlays.filter((one) => {
      const message = told.get(one.messageId);
      return message && !(one.done && (one.told || shows(message, one.change, userId)));
    }),
  };
}

function shows(message: Message, change: Change, userId: string): boolean {
  if (change.type === 'delete' || message.deleted_at) return Boolean(message.deleted_at);
  if (change.type === 'edit') return message.content === change.content.trim();
  const users = message.reactions.find(({ emoji }) => emoji === change.emoji)?.user_ids ?? [];
  return users.includes(userId) === change.on;
}

function withPending(state: ThreadState, clientId: string, fields: Pick<Pending, 'state' | 'error'>): ThreadState {
  const pending = state.pending.map((one) => (one.client_id === clientId ? { ...one, ...fields } : one));
  return { ...state, pending };
}

function withoutPending(state: ThreadState, clientId: string): ThreadState {
  return { ...state, pending: state.pending.filter(({ client_id }) => client_id !== clientId) };
}

/** A later attempt begins anew; an older one is not heard; one with a gap before it waits for the whole text. */
function withDelta(state: ThreadState, { message_id, agent_id, attempt, at, text }: DeltaData): ThreadState {
  const known = state.drafts.find((draft) => draft.message_id === message_id);
  const before = known && known.attempt === attempt ? known.text : '';
  const late = (known && known.attempt > attempt) || state.told.some(({ id }) => id === message_id);
  if (late || at > before.length) return state;
  const draft = { message_id, agent_id, attempt, text: before.slice(0, at) + text };
  const others = state.drafts.filter((one) => one !== known);
  return { ...state, drafts: known ? state.drafts.map((one) => (one === known ? draft : one)) : [...others, draft] };
}

type DeltaData = EventMap<BuiltInCatalogue>['message.delta'];

/** A message as it is shown. */
export interface ShownMessage extends Message {
  /** `sending` and `failed`: this device has written it, and the server has not. */
  readonly state: 'told' | 'sending' | 'failed';
  readonly error?: unknown;
}

export interface Thread {
  readonly status: ThreadState['status'];
  readonly error: unknown;
  /** Oldest first; those on their way stand behind all others. */
  readonly messages: readonly ShownMessage[];
  readonly hasMore: boolean;
  /** Answers in the making. */
  readonly drafts: readonly Draft[];
  readonly marks: ThreadState['marks'];
  /** Of the messages that are here; with `hasMore` there may be more. */
  readonly unread: number;
}

/** @param userId whose view it is @param room as on the wire */
export function show(state: ThreadState, userId: string, room: string): Thread {
  const told = state.told.map((message) =>
    state.overlays.reduce((shown, one) => overlaid(shown, one, userId), message),
  );
  const read = told.findIndex(({ id }) => id === state.marks[userId]);
  return {
    status: state.status,
    error: state.error,
    messages: [
      ...told.map((message): ShownMessage => ({ ...message, state: 'told' })),
      ...state.pending.map((pending) => pendingMessage(pending, userId, room)),
    ],
    hasMore: state.hasMore,
    drafts: state.drafts,
    marks: state.marks,
    unread: told.slice(read + 1).filter((message) => message.sender_id !== userId && !message.deleted_at).length,
  };
}

function overlaid(message: Message, { messageId, change }: Overlay, userId: string): Message {
  if (messageId !== message.id || shows(message, change, userId)) return message;
  if (change.type === 'edit') return { ...message, content: change.content };
  if (change.type === 'delete') return { ...message, content: '', deleted_at: message.created_at };
  const others = message.reactions.map(({ emoji, user_ids }) => ({
    emoji,
    user_ids: emoji === change.emoji ? user_ids.filter((user) => user !== userId) : user_ids,
  }));
  if (!change.on) return { ...message, reactions: others.filter(({ user_ids }) => user_ids.length > 0) };
  const has = others.some(({ emoji }) => emoji === change.emoji);
  const reactions = has
    ? others.map((one) => (one.emoji === change.emoji ? { ...one, user_ids: [...one.user_ids, userId] } : one))
    : [...others, { emoji: change.emoji, user_ids: [userId] }];
  return { ...message, reactions };
}

function pendingMessage(
  { client_id, message, created_at, state, error }: Pending,
  userId: string,
  room: string,
): ShownMessage {
  return {
    id: client_id,
    room,
    sender_id: userId,
    sender_name: userId,
    role: 'user',
    is_ai: false,
    content: message.content,
    status: 'complete',
    ...(message.reply_to ? { reply_to: message.reply_to } : {}),
    attachments: [],
    reactions: [],
    mentions: [],
    created_at,
    client_id,
    state: state === 'failed' ? 'failed' : 'sending',
    ...(state === 'failed' ? { error } : {}),
  };
}
