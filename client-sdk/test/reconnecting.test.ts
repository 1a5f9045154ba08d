// Rooms over lost connections, pages and breaks of continuity.
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../tests/support/eventually.js';
import { numbersIn, project, start, update } from './started.js';

const asksOf = (server: ReturnType<typeof start>['server']) =>
  server.commands.filter(({ name }) => name === 'subscribe_many').map(({ payload }) => payload.rooms as unknown[]);

describe('after a lost connection', () => {
  it('all rooms are entered again in one subscribe, and handed what they missed', async () => {
    const { client, server } = start();
    const numbers = numbersIn(client.room('project:42'));
    await Promise.all([client.room('project:42').subscribe(), client.room('session:1').subscribe()]);
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
    server.down();
    update(server, 2, 3);
    server.up();
    await eventually(() => expect(numbers).toEqual([1, 2, 3, 4]));
    expect(asksOf(server).slice(1)).toEqual([
      [
        { room: 'project:42', offset: 1, epoch: 'epoch-1', last_id: 'event-1', replay: 'ack' },
        { room: 'session:1', offset: 0, epoch: 'epoch-1', replay: 'ack' },
      ],
    ]);
  });

  it('what was missed comes page by page', async () => {
    const { client, server } = start({ pageLimit: 2 });
    const numbers = numbersIn(client.room('project:42'));
    const everywhere = numbersIn(client.room('global'));
    await Promise.all([client.room('project:42').subscribe(), client.room('global').subscribe()]);
    server.down();
    for (let number = 1; number <= 7; number++) {
      server.emit(
        'project.updated',
        project('42', String(number)),
        number % 2 ? ['project:42'] : ['project:42', 'global'],
      );
    }
    server.up();
    await eventually(() => expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7]));
    expect(everywhere).toEqual([2, 4, 6]);
    expect(asksOf(server).length).toBe(5);
    update(server, 8);
    await eventually(() => expect(numbers.at(-1)).toBe(8));
  });

  it('a room that was asked for while the connection was lost is entered with the next one', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.disconnect();
    const numbers = numbersIn(client.room('project:42'));
    await client.room('project:42').subscribe();
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
  });

  it('more than a hundred rooms of a stream are entered without a gap', async () => {
    const { client, server } = start();
    const rooms = Array.from({ length: 150 }, (_, index) => client.room(`project:${index}`));
    const heard = rooms.map((room) => numbersIn(room));
    await Promise.all(rooms.map((room) => room.subscribe()));
    server.down();
    const names = rooms.map(({ name }) => name) as `project:${string}`[];
    for (const status of ['1', '2', '3']) server.emit('project.updated', project('42', status), names);
    server.up();
    await eventually(() => expect(heard.every((numbers) => numbers.join() === '1,2,3')).toBe(true));
  });

  it('a subscribe without an answer ends the connection, and is asked again on the next', async () => {
    const { client, server } = start({ timing: { commandTimeoutMs: 30 } });
    server.handle('subscribe_many', () => null);
    const subscribed = client.room('project:42').subscribe();
    await eventually(() => expect(server.tokens.length).toBeGreaterThan(1));
    server.handle('subscribe_many', () => ({
      results: [
        {
          room: 'project:42',
          status: 'success',
          stream: 'tenant',
          offset: 0,
          epoch: 'e',
          recovered: true,
          has_more: false,
        },
      ],
    }));
    await expect(subscribed).resolves.toEqual({ recovered: true });
  });

  it('a subscribe that is turned down for now is repeated after a pause', async () => {
    const { client, server } = start();
    let asked = 0;
    const busy = { code: 'rate_limited', message: 'Too many', retryable: true, retry_after_ms: 20 };
    server.handle('subscribe_many', ({ rooms }) => {
      if (++asked === 1) return { error: busy };
      const [room] = rooms as { room: string }[];
      if (asked === 2) return { results: [{ room: room?.room, status: 'error', error: busy }] };
      return {
        results: [{ room: room?.room, status: 'error', error: { ...busy, code: 'forbidden', retryable: false } }],
      };
    });
    await expect(client.room('project:42').subscribe()).rejects.toMatchObject({ code: 'forbidden' });
    expect(asked).toBe(3);
  });
});

describe('when continuity cannot be proven', () => {
  it('the application reads anew, its events wait, and what it has read is skipped', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const story: unknown[] = [];
    room.on('project.updated', ({ data }) => story.push(Number(data.status)));
    let finish: (position: { offset: number; epoch: string }) => void = () => {};
    room.onReset(({ reason }) => {
      story.push(reason);
      return new Promise<{ offset: number; epoch: string }>((resolve) => (finish = resolve));
    });
    await room.subscribe();
    update(server, 1);
    server.down();
    update(server, 2, 3);
    server.truncate('project:42', 3);
    server.up();
    await eventually(() => expect(story).toEqual([1, 'truncated']));
    update(server, 5, 2);
    await client.room('user:1').subscribe();
    expect(story).toEqual([1, 'truncated']);
    finish({ offset: 5, epoch: 'epoch-1' });
    await eventually(() => expect(story).toEqual([1, 'truncated', 6]));
  });

  it('on a live connection the rooms of the stream are reset', async () => {
    const { client, server, errors } = start();
    const resets: string[] = [];
    const tenant = client.room('project:42');
    tenant.onReset(({ room }) => void resets.push(room));
    const numbers = numbersIn(tenant);
    await Promise.all([tenant.subscribe(), client.room('global').subscribe()]);
    update(server, 1, 2);
    await eventually(() => expect(numbers).toEqual([1, 2]));
    server.restoreDatabase();
    update(server, 3);
    await eventually(() => expect(numbers).toEqual([1, 2, 3]));
    expect(resets).toEqual(['project:42']);
    expect(tenant.position).toMatchObject({ offset: 1, epoch: 'epoch-2' });
    expect(errors).toEqual([]);
  });

  it('is reported where nobody handles it', async () => {
    const { client, server, errors } = start();
    const numbers = numbersIn(client.room('project:42'));
    await client.room('project:42').subscribe();
    server.restoreDatabase();
    await eventually(() => expect(errors).toMatchObject([{ code: 'reset' }]));
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
  });

  it('is told to the one who handles all rooms', async () => {
    const resets: unknown[] = [];
    const { client, server } = start({ onReset: (reset) => void resets.push(reset) });
    await client.room('project:42').subscribe();
    update(server, 1);
    await eventually(() => expect(client.room('project:42').position?.offset).toBe(1));
    server.restoreDatabase();
    await eventually(() => expect(resets).toEqual([{ room: 'project:42', reason: 'epoch_changed' }]));
  });

  it('lets events go on when reading anew fails', async () => {
    const { client, server, errors } = start();
    const room = client.room('project:42');
    room.onReset(async () => {
      throw new Error('the API is down');
    });
    const numbers = numbersIn(room);
    await room.subscribe();
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
    server.restoreDatabase();
    update(server, 2);
    await eventually(() => expect(numbers).toEqual([1, 2]));
    expect(errors).toMatchObject([{ message: 'the API is down' }]);
  });
});

describe('with ack: "manual"', () => {
  it('a position is that before the oldest event that is not acknowledged', async () => {
    const { client, server } = start({ ack: 'manual' });
    const room = client.room('project:42');
    const events: Parameters<typeof client.ack>[0][] = [];
    room.on('project.updated', (event) => events.push(event));
    await room.subscribe();
    update(server, 1, 3);
    await eventually(() => expect(events.length).toBe(3));
    expect(room.position?.offset).toBe(0);
    client.ack(events[1]!);
    expect(room.position?.offset).toBe(0);
    client.ack(events[0]!);
    expect(client.positions()).toMatchObject({ 'project:42': { offset: 2, last_id: 'event-2' } });
    client.ack(events[2]!);
    expect(room.position?.offset).toBe(3);
  });

  it('nothing is repeated by a reconnect of the same client', async () => {
    const { client, server } = start({ ack: 'manual' });
    const numbers = numbersIn(client.room('project:42'));
    await client.room('project:42').subscribe();
    update(server, 1);
    await eventually(() => expect(numbers).toEqual([1]));
    server.disconnect();
    update(server, 2);
    await eventually(() => expect(numbers).toEqual([1, 2]));
    expect(client.room('project:42').position?.offset).toBe(0);
  });

  it('an event without a handler needs no acknowledgement', async () => {
    const { client, server } = start({ ack: 'manual' });
    const room = client.room('project:42');
    await room.subscribe();
    update(server, 1);
    await eventually(() => expect(room.position?.offset).toBe(1));
  });
});
