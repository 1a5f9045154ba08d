// What is said in a session or conversation, kept right over lost connections, on every device alike: a store around
// thread-state.ts, in the form that React's `useSyncExternalStore` takes.
import type { Client } from '../client.js';
import { newId } from '../new-id.js';
import { emptyThread, next, show } from './thread-state.js';
import type { Change, Happening, Message, NewMessage, Thread, ThreadState } from './thread-state.js';

const PAGE = 50;

export type ChatRoomName = `session:${string}` | `conversation:${string}`;

export interface ChatOptions {
  /** Whose messages are one's own: the `sub` of the token. */
  readonly userId: string;
}

export interface Chat {
  readonly room: ChatRoomName;
  /** Calls `changed` after every change; the first subscriber opens the room. @returns takes it away */
  subscribe(changed: () => void): () => void;
  /** The same object until something changes. */
  getSnapshot(): Thread;
  /**
   * Shows a message at once and sends it, also when the connection comes back only later. It is never sent twice.
   * @returns as the server has it
   * @throws RoomcastError what the server refuses it with; it is shown as `failed` then, for `retry` or `discard`
   */
  send(message: NewMessage | string): Promise<Message>;
  /** Sends a failed message again, under its own id. */
  retry(clientId: string): Promise<Message>;
  /** Takes a failed message away. */
  discard(clientId: string): void;
  /** The next three show their effect at once, and take it back when the server refuses it. @throws RoomcastError */
  edit(messageId: string, content: string): Promise<void>;
  delete(messageId: string): Promise<void>;
  react(messageId: string, emoji: string, on?: boolean): Promise<void>;
  /** All up to a message (the newest) are read. @returns how many the user has not read, as the server counts */
  markRead(messageId?: string): Promise<number>;
  /** Stops an agent: the answer in the making, or the question that waits for one, by its id. @throws RoomcastError */
  cancel(messageId: string): Promise<void>;
  /** Reads older messages. @returns whether there are still older ones */
  loadMore(): Promise<boolean>;
  /** Leaves the room and ends the store. */
  close(): void;
}

/** A client, and the same with `chat`. */
export type WithChat<C> = C & { chat(room: ChatRoomName): Chat };

type ChatClient = Pick<Client, 'command' | 'room'>;

/**
 * Adds `client.chat(room)`.
 * @returns the client given; the same store for the same room until it is closed
 */
export function withChat<C extends ChatClient>(client: C, options: ChatOptions): WithChat<C> {
  const chats = new Map<ChatRoomName, Chat>();
  return Object.assign(client, {
    chat(room: ChatRoomName) {
      const chat = chats.get(room) ?? createChat(client, room, options, () => chats.delete(room));
      chats.set(room, chat);
      return chat;
    },
  });
}

function createChat(client: ChatClient, room: ChatRoomName, { userId }: ChatOptions, closed: () => void): Chat {
  const handle = client.room(room);
  const listeners = new Set<() => void>();
  let state: ThreadState = emptyThread;
  let shown = show(state, userId, room);
  let changes = 0;
  let ends: (() => void)[] | null = null;
  let older: Promise<boolean> | null = null;

  function happen(happening: Happening): void {
    state = next(state, happening, userId);
    shown = show(state, userId, room);
    for (const changed of listeners) changed();
  }

  /** @returns the position that the messages are true at */
  async function load() {
    const { messages, has_more, position } = await client.command(
      'message.history',
      { room, limit: PAGE },
      { repeatable: true },
    );
    happen({ type: 'loaded', messages, hasMore: has_more });
    return position;
  }

  async function readOlder(): Promise<boolean> {
    const [oldest] = state.told;
    if (!oldest || !state.hasMore) return false;
    const before = oldest.id;
    happen({ type: 'reading', before });
    const page = { room, before, limit: PAGE };
    try {
      const { messages, has_more } = await client.command('message.history', page, { repeatable: true });
      happen({ type: 'older', before, messages, hasMore: has_more });
    } catch (error) {
      happen({ type: 'older', before, messages: [], hasMore: true });
      throw error;
    }
    return state.hasMore;
  }

  async function open(): Promise<void> {
    const position = await load();
    if (!ends) return;
    ends.push(
      handle.on('message.created', ({ data }) => happen({ type: 'created', message: data.message })),
      handle.on('message.updated', ({ data }) => happen({ type: 'changed', message: data.message })),
      handle.on('message.deleted', ({ data }) => happen({ type: 'changed', message: data.message })),
      handle.on('message.delta', ({ data }) => happen({ type: 'delta', delta: data })),
      handle.on('read.updated', ({ data }) =>
        happen({ type: 'read', userId: data.user_id, messageId: data.message_id }),
      ),
      handle.onReset(load),
      handle.onRevoked(({ error }) => happen({ type: 'closed', error })),
    );
    await handle.subscribe({ position, state: true });
  }

  function start(): void {
    if (ends) return;
    ends = [];
    open().catch((error: unknown) => happen({ type: 'closed', error }));
  }

  async function send(clientId: string, message: NewMessage): Promise<Message> {
    happen({ type: 'sending', clientId, message, at: new Date().toISOString() });
    try {
      const payload = { ...message, room, client_id: clientId };
      const ack = await client.command('message.send', payload, { repeatable: true });
      happen({ type: 'sent', clientId, message: ack.message });
      return ack.message;
    } catch (error) {
      happen({ type: 'failed', clientId, error });
      throw error;
    }
  }

  async function change(messageId: string, of: Change, send: () => Promise<unknown>): Promise<void> {
    const id = ++changes;
    happen({ type: 'changing', id, messageId, change: of });
    try {
      await send();
      happen({ type: 'done', id });
    } catch (error) {
      happen({ type: 'undone', id });
      throw error;
    }
  }

  return {
    room,
    subscribe(changed) {
      // One object a subscription, also where a function is given twice.
      const listener = () => changed();
      listeners.add(listener);
      start();
      return () => void listeners.delete(listener);
    },
    getSnapshot: () => shown,
    send: (message) => send(newId(), typeof message === 'string' ? { content: message } : message),
    async retry(clientId) {
      const failed = state.pending.find((one) => one.client_id === clientId && one.state === 'failed');
      if (!failed) throw new Error(`no message ${clientId} has failed`);
      return send(clientId, failed.message);
    },
    discard(clientId) {
      const failed = state.pending.some((one) => one.client_id === clientId && one.state === 'failed');
      if (failed) happen({ type: 'discarded', clientId });
    },
    edit: (message_id, content) =>
      change(message_id, { type: 'edit', content }, () =>
        client.command('message.edit', { message_id, content }, { repeatable: true }),
      ),
    delete: (message_id) =>
      change(message_id, { type: 'delete' }, () =>
        client.command('message.delete', { message_id }, { repeatable: true }),
      ),
    react: (message_id, emoji, on = true) =>
      change(message_id, { type: 'react', emoji, on }, () =>
        client.command('message.react', { message_id, emoji, on }, { repeatable: true }),
      ),
    async markRead(messageId = state.told.at(-1)?.id) {
      if (messageId === undefined) return 0;
      const { unread } = await client.command('read.mark', { room, message_id: messageId }, { repeatable: true });
      return unread;
    },
    async cancel(message_id) {
      await client.command('agent.cancel', { message_id }, { repeatable: true });
    },
    loadMore: () => (older ??= readOlder().finally(() => (older = null))),
    close() {
      for (const end of ends ?? []) end();
      if (ends) handle.leave();
      listeners.clear();
      ends = null;
      closed();
    },
  };
}
