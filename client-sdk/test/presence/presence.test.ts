// `client.presence(room)` over a server in memory.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { withPresence, type Presence } from '@roomcast/client/presence';
import { eventually } from '../../../tests/support/eventually.js';
import { start } from '../started.js';

const ROOM = 'conversation:7';
const stores: Presence[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  jest.useRealTimers();
});

function begin(userId = 'ada') {
  const { server, client, errors } = start();
  for (const name of ['typing.start', 'typing.stop']) server.handle(name, () => ({}));
  const store = withPresence(client, { userId }).presence(ROOM);
  stores.push(store);
  const asked = (name: string) => server.commands.filter((command) => command.name === name);
  const watches = () => asked('subscribe').map(({ payload }) => payload.presence);
  const signs = () => server.commands.map(({ name }) => name).filter((name) => name.startsWith('typing.'));
  const members = () => store.getSnapshot().members?.map(({ user_id }) => user_id) ?? null;
  let version = 0;
  const tell = (...users: string[]) => {
    const told = users.map((user_id) => ({ user_id, status: 'active' as const }));
    server.emit('presence.state', { room: ROOM, version: ++version, members: told }, [ROOM], { ephemeral: true });
  };
  const type = (user_id: string, is_typing = true) =>
    server.emit('typing.updated', { room: ROOM, user_id, is_typing, is_ai: false }, [ROOM], { ephemeral: true });
  return { server, client, store, errors, watches, signs, members, tell, type };
}

describe('presence of a room', () => {
  it('is asked for with the first subscriber, followed, and given up with the last', async () => {
    const { server, store, watches, members, tell } = begin();
    let changes = 0;
    const offs = [store.subscribe(() => changes++), store.subscribe(() => changes++)];
    await eventually(() => expect(watches()).toEqual([true]));
    tell('ada', 'bob');
    await eventually(() => expect(members()).toEqual(['ada', 'bob']));
    const diff = {
      room: ROOM,
      version: 9,
      joins: [{ user_id: 'eve', status: 'dnd' as const }],
      leaves: [{ user_id: 'bob' }],
    };
    server.emit('presence.diff', diff, [ROOM], { ephemeral: true });
    await eventually(() => expect(members()).toEqual(['ada', 'eve']));
    server.emit('presence.count', { room: ROOM, count: 300 }, [ROOM], { ephemeral: true });
    await eventually(() => expect(store.getSnapshot()).toMatchObject({ members: null, count: 300 }));
    expect(changes).toBe(6);
    offs[0]?.();
    expect(server.commands.some(({ name }) => name === 'unsubscribe')).toBe(false);
    offs[1]?.();
    offs[1]?.();
    await eventually(() => expect(server.commands.at(-1)).toMatchObject({ name: 'unsubscribe' }));
    expect(store.getSnapshot().current).toBe(false);
  });

  it('is asked for anew after a lost connection, and not current until it was told', async () => {
    const { server, store, watches, members, tell } = begin();
    store.subscribe(() => undefined);
    await eventually(() => expect(watches()).toEqual([true]));
    tell('ada');
    await eventually(() => expect(members()).toEqual(['ada']));
    server.disconnect();
    await eventually(() => expect(store.getSnapshot()).toMatchObject({ current: false, count: 1 }));
    await eventually(() => expect(watches()).toEqual([true, true]));
    tell('ada', 'bob');
    await eventually(() => expect(store.getSnapshot()).toMatchObject({ current: true, count: 2 }));
  });

  it('is not asked for by whoever listens to something else in the room', async () => {
    const { client, store, watches } = begin();
    await client.room(ROOM).subscribe();
    client.room(ROOM).on('message.created', () => undefined);
    const off = store.subscribe(() => undefined);
    await eventually(() => expect(watches()).toEqual([true]));
    off();
    await eventually(() => expect(watches()).toEqual([true, false]));
  });

  it('is asked for again when the room begins anew, or was refused for a moment', async () => {
    const { server, client, store, watches } = begin();
    let refusals = 1;
    server.handle('subscribe', () => {
      const error = { code: 'rate_limited', message: 'Slower', retryable: true, retry_after_ms: 1 };
      return refusals-- > 0 ? { error } : {};
    });
    store.subscribe(() => undefined);
    await eventually(() => expect(watches()).toEqual([true, true]));
    await client.room(ROOM).subscribe({ state: true });
    await eventually(() => expect(watches()).toEqual([true, true, true]));
  });

  it('ends with the reason in a room that was taken away', async () => {
    const { server, store, tell, members } = begin();
    store.subscribe(() => undefined);
    await eventually(() => {
      tell('ada');
      expect(members()).toEqual(['ada']);
    });
    server.revoke(ROOM);
    await eventually(() => expect(store.getSnapshot()).toMatchObject({ members: null, error: { code: 'revoked' } }));
  });

  it('is the same store for the same room until it is closed', () => {
    const { client, store } = begin();
    const { presence } = withPresence(client);
    const one = presence(ROOM);
    stores.push(one);
    expect(presence(ROOM)).toBe(one);
    expect(presence('global')).not.toBe(one);
    one.close();
    expect(presence(ROOM)).not.toBe(one);
    expect(store.room).toBe(ROOM);
  });
});

describe('typing of others', () => {
  it('is shown but for one’s own on other devices, and ends when nothing more is heard', async () => {
    const { store, watches, type } = begin('ada');
    store.subscribe(() => undefined);
    await eventually(() => expect(watches()).toEqual([true]));
    const who = () => store.getSnapshot().typing.map(({ user_id }) => user_id);
    type('ada');
    type('bob');
    type('eve');
    type('eve', false);
    await eventually(() => expect(who()).toEqual(['bob']));
    await eventually(() => expect(who()).toEqual([]), { withinMs: 15_000 });
  }, 20_000);
});

describe('one’s own typing', () => {
  it('is told with the first key, again while it goes on, and its end after three seconds of silence', async () => {
    const { client, server, store, signs } = begin();
    client.connect();
    await eventually(() => expect(client.status.getSnapshot().state).toBe('connected'));
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] });
    for (let n = 0; n < 30; n++) {
      store.typing();
      await jest.advanceTimersByTimeAsync(200);
    }
    expect(signs()).toEqual(['typing.start', 'typing.start', 'typing.start']);
    await jest.advanceTimersByTimeAsync(2_700);
    expect(signs()).toHaveLength(3);
    await jest.advanceTimersByTimeAsync(200);
    expect(signs().at(-1)).toBe('typing.stop');
    store.typing();
    store.stopTyping();
    store.stopTyping();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(signs().slice(4)).toEqual(['typing.start', 'typing.stop']);
    expect(server.commands.at(-1)?.payload).toEqual({ room: ROOM });
  });

  it('is said over a live connection only, and never late', async () => {
    const { client, server, store, signs } = begin();
    server.down();
    client.connect();
    store.typing();
    server.up();
    await eventually(() => expect(client.status.getSnapshot().state).toBe('connected'));
    expect(signs()).toEqual([]);
    store.typing();
    await eventually(() => expect(signs()).toEqual(['typing.start']));
  });

  it('that is refused hurts nobody', async () => {
    const { client, server, store, signs, errors } = begin();
    server.handle('typing.start', () => ({ error: { code: 'not_found', message: 'No', retryable: false } }));
    client.connect();
    await eventually(() => expect(client.status.getSnapshot().state).toBe('connected'));
    store.typing();
    await eventually(() => expect(signs()).toEqual(['typing.start']));
    store.stopTyping();
    expect(errors).toEqual([]);
  });
});
