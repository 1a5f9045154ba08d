// A room's events, one by one.
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../tests/support/eventually.js';
import { start, update } from './started.js';

type Client = ReturnType<typeof start>['client'];
type Events = ReturnType<ReturnType<Client['room']>['events']>;

async function take(events: Events, count: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const { value } = await events.next();
    if (value?.event === 'project.updated') numbers.push(Number(value.data.status));
  }
  return numbers;
}

describe('an iteration', () => {
  it('gives what comes, and leaves the room at its end', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const numbers: number[] = [];
    const iterated = (async () => {
      for await (const event of room.events()) {
        if (event.event === 'project.updated') numbers.push(Number(event.data.status));
        if (numbers.length === 3) break;
      }
    })();
    await eventually(() => expect(room.position).not.toBeNull());
    update(server, 1, 5);
    await iterated;
    expect(numbers).toEqual([1, 2, 3]);
    await eventually(() => expect(server.commands.at(-1)).toMatchObject({ name: 'unsubscribe' }));
  });

  it('begins after a position, page by page, and goes on with what comes', async () => {
    const { client, server } = start({ pageLimit: 2 });
    update(server, 1, 7);
    const events = client.room('project:42').events({ after: { offset: 2, epoch: 'epoch-1' } });
    expect(await take(events, 5)).toEqual([3, 4, 5, 6, 7]);
    update(server, 8, 2);
    expect(await take(events, 2)).toEqual([8, 9]);
    await events.return();
  });

  it('goes on over a lost connection', async () => {
    const { client, server } = start();
    const events = client.room('project:42').events({ after: { offset: 0, epoch: 'epoch-1' } });
    update(server, 1);
    expect(await take(events, 1)).toEqual([1]);
    server.down();
    update(server, 2, 2);
    server.up();
    expect(await take(events, 2)).toEqual([2, 3]);
    await events.return();
  });

  it('that is far behind reads on from the log', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    const events = room.events();
    const first = take(events, 1);
    await eventually(() => expect(room.position).not.toBeNull());
    update(server, 1, 2500);
    expect(await first).toEqual([1]);
    await eventually(() => expect(room.position?.offset).toBe(2500));
    expect(await take(events, 2499)).toEqual(Array.from({ length: 2499 }, (_, index) => index + 2));
    update(server, 2501);
    expect(await take(events, 1)).toEqual([2501]);
    expect(server.commands.some(({ name }) => name === 'events.read')).toBe(true);
    await events.return();
  });

  it('ends with the room, with the client, and by a signal', async () => {
    const { client } = start();
    const giveUp = new AbortController();
    const left = client.room('project:42').events().next();
    const aborted = client.room('project:43').events({ signal: giveUp.signal }).next();
    const closed = client.room('project:44').events().next();
    await client.room('project:42').subscribe();
    client.room('project:42').leave();
    giveUp.abort();
    expect(await left).toEqual({ done: true, value: undefined });
    expect(await aborted).toEqual({ done: true, value: undefined });
    client.close();
    expect(await closed).toEqual({ done: true, value: undefined });
  });

  it('throws where events may be missing', async () => {
    const { client, server } = start();
    const events = client.room('project:42').events();
    const next = events.next();
    update(server, 1);
    await client.room('project:42').subscribe();
    server.restoreDatabase();
    update(server, 1);
    await expect(next.then(() => events.next())).rejects.toMatchObject({ code: 'reset' });
  });

  it('throws when it begins where nothing can be proven, or may not enter', async () => {
    const { client, server } = start();
    const room = client.room('project:42');
    await expect(room.events({ after: { offset: 0, epoch: 'other' } }).next()).rejects.toMatchObject({ code: 'reset' });
    server.revoke('project:43');
    await expect(client.room('project:43').events().next()).rejects.toMatchObject({ code: 'not_found' });
  });
});
