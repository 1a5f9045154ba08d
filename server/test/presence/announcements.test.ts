// What those who share a room with somebody are told of them.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Connection, World } from './world.js';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function begin(options: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World({ friends: ['ada', 'bob', 'zoe'], ...options });
  worlds.push(world);
  await world.start();
  const node = world.nodes[0]!;
  const connect = (user: string) => new Connection(node, user);
  connect('ada');
  await world.pass(1_000);
  world.announced.splice(0);
  return { world, node, connect };
}

describe('who shares a room with somebody', () => {
  it('is told that they came and went, if they are online themselves', async () => {
    const { world, connect } = await begin();
    const bob = connect('bob');
    await world.pass(1_000);
    bob.end(false);
    await world.pass(1_000);
    expect(world.announced).toEqual(['ada: bob active', 'ada: bob offline']);
  });

  it('is told at once', async () => {
    const { world, connect } = await begin();
    connect('bob');
    await world.pass(1);
    expect(world.announced).toEqual(['ada: bob active']);
  });

  it('is told nothing of a break that is over within 8 s, nor of more devices', async () => {
    const { world, connect } = await begin();
    const bob = connect('bob');
    await world.pass(1_000);
    bob.end(true);
    await world.pass(7_000);
    connect('bob');
    connect('bob').end(false);
    await world.pass(20_000);
    expect(world.announced).toEqual(['ada: bob active']);
  });

  it('is told of another status, and so are the other devices of the user', async () => {
    const { world, node, connect } = await begin();
    const bob = connect('bob');
    await world.pass(1_000);
    await world.until(node.presence.set(bob.principal, 'away'));
    await world.pass(1_000);
    await world.until(node.presence.set(bob.principal, 'away'));
    await world.pass(1_000);
    expect(world.announced).toEqual(['ada: bob active', 'ada: bob away', 'bob: bob away']);
  });

  it('is told a few times of somebody who comes and goes all the time, and ends with what is true', async () => {
    const { world, connect } = await begin();
    for (let n = 0; n < 40; n++) {
      const bob = connect('bob');
      await world.pass(25);
      bob.end(false);
      await world.pass(25);
    }
    connect('bob');
    await world.pass(1_000);
    expect(world.announced.length).toBeLessThanOrEqual(1 + (40 * 50) / 250 + 1);
    expect(world.announced.at(-1)).toBe('ada: bob active');
    for (const [index, line] of world.announced.entries()) {
      expect(line).toBe(index % 2 ? 'ada: bob offline' : 'ada: bob active');
    }
  });

  it('is told later where it cannot be read at first who that is', async () => {
    const answers: Error[] = [];
    const { world, connect } = await begin({
      sharingOf: async (users) => {
        const error = answers.shift();
        if (error) throw error;
        return users.map(() => new Set(['ada']));
      },
    });
    answers.push(new Error('the database is away'), new Error('still'));
    connect('bob');
    await world.pass(5_000);
    expect(world.announced).toEqual(['ada: bob active']);
    expect(world.failures.map(String)).toEqual(['Error: the database is away', 'Error: still']);
  });

  it('is told by a node that lives that those of a dead one are gone', async () => {
    const { world } = await begin({ nodes: 2 });
    const dying = world.nodes[1]!;
    new Connection(dying, 'bob');
    await world.pass(1_000);
    world.kill(dying);
    await world.pass(13_000);
    expect(world.announced).toEqual(['ada: bob active']);
    await world.pass(3_000);
    expect(world.announced).toEqual(['ada: bob active', 'ada: bob offline']);
  });

  it('is told that they come back to a node after they left another one', async () => {
    const { world, node, connect } = await begin({ nodes: 2 });
    const first = connect('bob');
    const second = new Connection(world.nodes[1]!, 'bob');
    await world.pass(1_000);
    first.end(false);
    await world.pass(1_000);
    second.end(false);
    await world.pass(1_000);
    const third = connect('bob');
    await world.pass(1_000);
    expect(world.announced).toEqual(['ada: bob active', 'ada: bob offline', 'ada: bob active']);
    await world.until(node.presence.set(third.principal, 'dnd'));
    await world.pass(1_000);
    expect(world.announced.slice(3)).toEqual(['ada: bob dnd', 'bob: bob dnd']);
  });
});
