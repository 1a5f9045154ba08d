// Rooms of a client: when they are entered and left, who is handed what.
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../tests/support/eventually.js';
import { join, numbersIn, progress, project, start, update } from './started.js';

const subscribesOf = (server: ReturnType<typeof start>['server']) =>
  server.commands.filter(({ name }) => name === 'subscribe_many');
const leavesOf = (server: ReturnType<typeof start>['server']) =>
  server.commands.filter(({ name }) => name === 'unsubscribe').map(({ payload }) => payload.room);

describe('a room', () => {
  it('is entered with its first handler, and handed its events in order', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const numbers = numbersIn(room);
    await room.subscribe();
    update(server, 1, 3);
    await eventually(() => expect(numbers).toEqual([1, 2, 3]));
    expect(room.position).toMatchObject({ offset: 3, epoch: 'epoch-1' });
  });

  it('is handed to all handlers of an event, and to none of another', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const heard: string[] = [];
    room.on('project.updated', () => heard.push('first'));
    room.on('project.updated', () => heard.push('second'));
    room.on('project.deleted', () => heard.push('deleted'));
    await room.subscribe();
    update(server, 1);
    await eventually(() => expect(heard).toEqual(['first', 'second']));
  });

  it('is entered once by all that wants rooms in one turn', async () => {
    const { client, server } = start();
    numbersIn(client.room('project:42'));
    numbersIn(client.room('project:43'));
    await Promise.all([client.room('project:42').subscribe(), client.room('global').subscribe()]);
    expect(subscribesOf(server).map(({ payload }) => payload.rooms)).toEqual([
      ['project:42', 'project:43', 'global'].map((room) => ({ room, replay: 'ack' })),
    ]);
  });

  it('is left with its last handler', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const offs = [room.on('project.updated', () => {}), room.on('project.deleted', () => {})];
    await eventually(() => expect(room.position).not.toBeNull());
    offs[0]?.();
    await client.room('global').subscribe();
    expect(leavesOf(server)).toEqual([]);
    offs[1]?.();
    await eventually(() => expect(leavesOf(server)).toEqual(['project:42']));
    expect(room.position).toBeNull();
  });

  it('is not left by a handler that goes and comes in one turn', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const off = room.on('project.updated', () => {});
    await eventually(() => expect(room.position).not.toBeNull());
    off();
    const numbers = numbersIn(room);
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
    expect(leavesOf(server)).toEqual([]);
  });

  it('that was subscribed to stays until it is left', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const off = room.on('project.updated', () => {});
    await room.subscribe();
    off();
    await client.room('global').subscribe();
    expect(leavesOf(server)).toEqual([]);
    room.leave();
    await eventually(() => expect(leavesOf(server)).toEqual(['project:42']));
  });

  it('is handed nothing after it was left, though it may be under way', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const numbers = numbersIn(room);
    const others = numbersIn(client.room('global'));
    await room.subscribe();
    await client.room('global').subscribe();
    room.leave();
    server.emit('project.updated', project('42', '1'), ['project:42', 'global']);
    await eventually(() => expect(others).toEqual([1]));
    expect(numbers).toEqual([]);
  });

  it('rejects a subscribe that is waiting when it is left', async () => {
    const { client } = start();
    const room = client.room('project:42');
    const subscribed = room.subscribe();
    room.leave();
    await expect(subscribed).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('shares an event with the other rooms that it went to, and each has its handlers called', async () => {
    const { client, server } = start();
    const here = numbersIn(client.room('project:42'));
    const everywhere = numbersIn(client.room('global'));
    await Promise.all([client.room('project:42').subscribe(), client.room('global').subscribe()]);
    server.emit('project.updated', project('42', '1'), ['project:42', 'global']);
    await eventually(() => expect([here, everywhere]).toEqual([[1], [1]]));
  });

  it('reports what a handler throws, now or later, and goes on', async () => {
    const { client, server, errors } = start();
    const room = client.room('project:42');
    room.on('project.updated', () => {
      throw new Error('now');
    });
    room.on('project.updated', () => Promise.reject(new Error('later')));
    const numbers = numbersIn(room);
    await room.subscribe();
    update(server, 1, 2);
    await eventually(() => expect(numbers).toEqual([1, 2]));
    expect(errors.map(String).sort()).toEqual(['Error: later', 'Error: later', 'Error: now', 'Error: now']);
  });
});

describe('the position of a room', () => {
  it('is that of the event while its handlers run', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const positions: unknown[] = [];
    room.on('project.updated', ({ offset }) => positions.push([offset, room.position?.offset]));
    await room.subscribe();
    update(server, 1, 2);
    await eventually(() => expect(positions.length).toBe(2));
    expect(positions).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('moves with the other rooms of its stream', async () => {
    const { client, server } = start();
    const quiet = client.room('project:43');
    await quiet.subscribe();
    await client.room('project:42').subscribe();
    update(server, 1, 5);
    await eventually(() => expect(quiet.position?.offset).toBe(5));
  });

  it('is where a stored one begins again in the next client', async () => {
    const { client, server } = start();
    const numbers = numbersIn(client.room('project:42'));
    await client.room('project:42').subscribe();
    update(server, 1, 3);
    await eventually(() => expect(numbers).toEqual([1, 2, 3]));
    const stored: unknown = JSON.parse(JSON.stringify(client.positions()));
    client.close();
    update(server, 4, 2);

    const { client: next } = join(server, { positions: stored as ReturnType<typeof client.positions> });
    expect(next.positions()).toEqual(stored);
    const rest = numbersIn(next.room('project:42'));
    await eventually(() => expect(rest).toEqual([4, 5]));
  });
});

describe('a snapshot of a room', () => {
  it('is continued without a gap from its position', async () => {
    const { client, server } = start();
    update(server, 1, 5);
    const room = client.room('project:42');
    const numbers = numbersIn(room);
    await room.subscribe({ position: { offset: 2, epoch: 'epoch-1' } });
    expect(numbers).toEqual([3, 4, 5]);
    update(server, 6);
    await eventually(() => expect(numbers).toEqual([3, 4, 5, 6]));
  });

  it('is continued also where its events were handed to another room of the stream before', async () => {
    const { client, server } = start();
    const everywhere = numbersIn(client.room('global'));
    await client.room('global').subscribe();
    for (const status of ['1', '2', '3'])
      server.emit('project.updated', project('42', status), ['project:42', 'global']);
    await eventually(() => expect(everywhere).toEqual([1, 2, 3]));
    const room = client.room('project:42');
    const numbers = numbersIn(room);
    await room.subscribe({ position: { offset: 1, epoch: 'epoch-1' } });
    expect(numbers).toEqual([2, 3]);
    expect(everywhere).toEqual([1, 2, 3]);
  });

  it('that was read after entering skips what it holds already', async () => {
    const { client, server } = start({}, { pageSize: 2 });
    const room = client.room('project:42');
    await room.subscribe();
    update(server, 1, 5);
    await eventually(() => expect(room.position?.offset).toBe(5));
    const numbers = numbersIn(room);
    await room.subscribe({ position: { offset: 3, epoch: 'epoch-1' } });
    expect(numbers).toEqual([4, 5]);
  });

  it('of another life of the log is answered by a reset', async () => {
    const { client, server } = start();
    server.restoreDatabase();
    update(server, 1, 2);
    const resets: unknown[] = [];
    const room = client.room('project:42');
    room.onReset((reset) => void resets.push(reset));
    const numbers = numbersIn(room);
    const { recovered } = await room.subscribe({ position: { offset: 1, epoch: 'epoch-1' } });
    expect(recovered).toBe(false);
    await eventually(() => expect(resets).toEqual([{ room: 'project:42', reason: 'epoch_changed' }]));
    update(server, 3);
    await eventually(() => expect(numbers).toEqual([3]));
  });
});

describe('current values', () => {
  it('are handed over on entering, before what comes', async () => {
    const { client, server } = start();
    for (const [id, percent] of [
      ['a', 10],
      ['b', 20],
      ['a', 30],
    ] as const) {
      server.emit('workflow.progress', progress(id, percent), ['global'], { key: 'workflow_id' });
    }
    const room = client.room('global');
    const values: unknown[] = [];
    room.on('workflow.progress', ({ data }) => values.push([data.workflow_id, data.progress]));
    await room.subscribe({ state: true });
    expect(values).toEqual([
      ['b', 20],
      ['a', 30],
    ]);
    server.emit('workflow.progress', progress('a', 40), ['global'], { key: 'workflow_id' });
    await eventually(() => expect(values.at(-1)).toEqual(['a', 40]));
  });

  it('are not handed over again after a reconnect', async () => {
    const { client, server } = start();
    server.emit('workflow.progress', progress('a', 10), ['global'], { key: 'workflow_id' });
    const room = client.room('global');
    const values: unknown[] = [];
    room.on('workflow.progress', ({ data }) => values.push(data.progress));
    await room.subscribe({ state: true });
    server.disconnect();
    server.emit('workflow.progress', progress('a', 20), ['global'], { key: 'workflow_id' });
    await eventually(() => expect(values).toEqual([10, 20]));
  });
});

describe('a room that may not be entered', () => {
  it('rejects a subscribe, and is not asked for again', async () => {
    const { client, server } = start();
    server.revoke('project:42');
    const room = client.room('project:42');
    await expect(room.subscribe()).rejects.toMatchObject({ code: 'not_found' });
    server.disconnect();
    await client.room('global').subscribe();
    expect(subscribesOf(server).length).toBe(2);
  });

  it('is told to who handles it, else reported', async () => {
    const { client, server, errors } = start();
    server.revoke('project:42');
    server.revoke('project:43');
    const told: string[] = [];
    const room = client.room('project:42');
    room.onRevoked(({ error }) => told.push(error.code));
    numbersIn(room);
    numbersIn(client.room('project:43'));
    await eventually(() => expect([told, errors.length]).toEqual([['not_found'], 1]));
    expect(errors[0]).toMatchObject({ code: 'not_found' });
  });

  it('any more is handed nothing, and may be entered again when somebody wants it anew', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const revoked: string[] = [];
    room.onRevoked(({ error }) => revoked.push(error.code));
    const numbers = numbersIn(room);
    await room.subscribe();
    server.revoke('project:42');
    await eventually(() => expect(revoked).toEqual(['revoked']));
    server.allow('project:42');
    await room.subscribe();
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
  });
});
