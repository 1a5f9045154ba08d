// What those who watch a room are told.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Connection, SETTLED_MS, World } from './world.js';

const ROOM = 'project:42';
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function begin(options: ConstructorParameters<typeof World>[0] = {}) {
  const world = new World(options);
  worlds.push(world);
  await world.start();
  const [node] = world.nodes;
  const connect = (user: string, name?: string) => new Connection(node!, user, name);
  async function watcher(user: string): Promise<Connection> {
    const connection = connect(user);
    await world.until(connection.watch(ROOM));
    return connection;
  }
  return { world, node: node!, connect, watcher };
}

const told = (connection: Connection) => connection.watched.get(ROOM)!;
const seen = (connection: Connection) => [...(told(connection).members?.keys() ?? [])].sort();

describe('who watches a room', () => {
  it('is told at once who is there, oneself included', async () => {
    const { connect, watcher } = await begin();
    connect('bob', 'Bob').enter(ROOM);
    const ada = await watcher('ada');
    expect([...told(ada).members!.values()]).toEqual([
      { user_id: 'ada', status: 'active' },
      { user_id: 'bob', name: 'Bob', status: 'active' },
    ]);
  });

  it('is told within a moment who comes and goes', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const bob = connect('bob');
    bob.enter(ROOM);
    await world.pass(300);
    expect(seen(ada)).toEqual(['ada', 'bob']);
    bob.leave(ROOM);
    await world.pass(300);
    expect(seen(ada)).toEqual(['ada']);
    expect(told(ada).frames).toBe(3);
  });

  it('is told the status that a user has set on another node', async () => {
    const { world, connect } = await begin({ nodes: 2 });
    const [node, other] = world.nodes;
    const bob = connect('bob');
    bob.enter(ROOM);
    await world.until(node!.presence.set(bob.principal, 'dnd'));
    const ada = new Connection(other!, 'ada');
    await world.until(ada.watch(ROOM));
    new Connection(other!, 'bob').enter(ROOM);
    await world.pass(1_000);
    expect(told(ada).members!.get('bob')).toEqual({ user_id: 'bob', status: 'dnd' });
    expect(told(ada).frames).toBe(1);
  });

  it('is told nothing of who comes and goes in between', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const bob = connect('bob');
    bob.enter(ROOM);
    await world.pass(100);
    bob.end(false);
    await world.pass(1_000);
    expect(told(ada).frames).toBe(1);
  });

  it('is told the present also where others will be told of it later, and then nothing twice', async () => {
    const { world, connect, watcher } = await begin();
    await watcher('ada');
    connect('bob').enter(ROOM);
    await world.pass(100);
    const carl = await watcher('carl');
    expect(seen(carl)).toEqual(['ada', 'bob', 'carl']);
    const dora = await watcher('dora');
    await world.pass(500);
    // Everybody but Carl knew of Carl by then: he is told of Dora, and she of nobody.
    expect([told(carl).frames, told(dora).frames]).toEqual([2, 1]);
    expect(seen(carl)).toEqual(['ada', 'bob', 'carl', 'dora']);
  });

  it('sees one person with three devices come once and go once', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const devices = ['one', 'two', 'three'].map(() => connect('bob'));
    for (const device of devices) {
      device.enter(ROOM);
      await world.pass(300);
    }
    for (const device of devices) {
      expect(seen(ada)).toEqual(['ada', 'bob']);
      device.end(false);
      await world.pass(300);
    }
    expect(seen(ada)).toEqual(['ada']);
    expect([told(ada).ons.get('bob'), told(ada).offs.get('bob'), told(ada).frames]).toEqual([1, 1, 3]);
  });

  it('does not see a connection that breaks and is back within 8 s', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const before = connect('bob');
    before.enter(ROOM);
    await world.pass(1_000);
    before.end(true);
    await world.pass(7_900);
    connect('bob').enter(ROOM);
    await world.pass(60_000);
    expect([told(ada).frames, seen(ada)]).toEqual([2, ['ada', 'bob']]);
  });

  it('sees one that is not back go after 8 s', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const bob = connect('bob');
    bob.enter(ROOM);
    await world.pass(1_000);
    bob.end(true);
    await world.pass(7_900);
    expect(seen(ada)).toEqual(['ada', 'bob']);
    await world.pass(500);
    expect(seen(ada)).toEqual(['ada']);
  });

  it('sees one go at once that is back from a break and then says goodbye', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const before = connect('bob');
    before.enter(ROOM);
    await world.pass(1_000);
    before.end(true);
    await world.pass(1_000);
    const back = connect('bob');
    back.enter(ROOM);
    back.end(false);
    await world.pass(300);
    expect(seen(ada)).toEqual(['ada']);
  });

  it('is awaited itself in rooms that it has not entered again, and no longer than the others', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const before = connect('bob');
    before.enter(ROOM);
    before.enter('global');
    await world.pass(1_000);
    before.end(true);
    connect('bob').enter('global');
    await world.pass(7_900);
    expect(seen(ada)).toEqual(['ada', 'bob']);
    await world.pass(400);
    expect(seen(ada)).toEqual(['ada']);
  });

  it('is told another status of who is there, in every room', async () => {
    const { world, node, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const bob = connect('bob', 'Bob');
    bob.enter(ROOM);
    await world.pass(300);
    await world.until(node.presence.set(bob.principal, 'dnd'));
    await world.pass(300);
    expect(told(ada).members!.get('bob')).toEqual({ user_id: 'bob', name: 'Bob', status: 'dnd' });
    expect(told(ada).ons.get('bob')).toBe(1);
  });

  it('keeps the status of who breaks off and is back, and not beyond a goodbye', async () => {
    const { world, node, connect } = await begin();
    const status = async () => (await world.until(node.presence.get('acme', ['bob'])))[0]?.status;
    const before = connect('bob');
    await world.until(node.presence.set(before.principal, 'away'));
    before.end(true);
    await world.pass(4_000);
    expect(await status()).toBe('away');
    const back = connect('bob');
    expect(await status()).toBe('away');
    back.end(false);
    await world.pass(100);
    expect(await status()).toBe('offline');
    connect('bob');
    expect(await status()).toBe('active');
  });

  it('is told only how many there are when there are more than 200, and who they are again below that', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const crowd = Array.from({ length: 199 }, (_, n) => connect(`u${n}`));
    for (const one of crowd) one.enter(ROOM);
    await world.pass(1_000);
    expect(told(ada).members?.size).toBe(200);
    const last = connect('zoe');
    last.enter(ROOM);
    await world.pass(1_000);
    expect([told(ada).members, told(ada).count]).toEqual([null, 201]);
    const late = await watcher('late');
    expect([told(late).members, told(late).count]).toEqual([null, 202]);
    await world.pass(1_000);
    expect([told(ada).count, told(ada).frames, told(late).frames]).toEqual([202, 4, 1]);
    last.end(false);
    late.end(false);
    await world.pass(1_000);
    expect(seen(ada)).toHaveLength(200);
  });

  it('is told of a crowd that grows when it is a quarter larger, and of its size when it rests', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const frames = () => told(ada).frames;
    const enter = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        connect(`u${n}`).enter(ROOM);
        await world.pass(25);
      }
    };
    await enter(0, 240);
    const before = frames();
    await enter(240, 390);
    expect(frames() - before).toBeLessThanOrEqual(3);
    await world.pass(1_000);
    expect(told(ada).count).toBe(391);
    await world.pass(10_000);
    connect('zoe').enter(ROOM);
    await world.pass(600);
    expect(told(ada).count).toBe(392);
  });

  it('is told of a crowd that changes a little all the time every five seconds', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    for (let n = 0; n < 400; n++) connect(`u${n}`).enter(ROOM);
    await world.pass(2_000);
    const before = told(ada).frames;
    for (let n = 0; n < 100; n++) {
      connect(`late-${n}`).enter(ROOM);
      await world.pass(200);
    }
    const after = told(ada).frames - before;
    expect(after).toBeGreaterThanOrEqual(3);
    expect(after).toBeLessThanOrEqual(5);
  });

  it('is told nothing after it has left', async () => {
    const { world, connect, watcher } = await begin();
    const ada = await watcher('ada');
    const room = told(ada);
    ada.leave(ROOM);
    connect('bob').enter(ROOM);
    await world.pass(SETTLED_MS);
    expect(room.frames).toBe(1);
  });
});

describe('where the store cannot be reached', () => {
  const slow = { random: () => 0.5, delayMs: 20, loss: 0 };

  it('nobody is said to be gone, and who watches is told when it is known again', async () => {
    const { world, node, connect, watcher } = await begin({ slow });
    const [ada, bob] = [await watcher('ada'), connect('bob')];
    bob.enter(ROOM);
    await world.pass(1_000);
    node.store.away = true;
    bob.end(false);
    const eve = connect('eve');
    const watching = eve.watch(ROOM);
    await world.pass(5_000);
    expect(seen(ada)).toContain('bob');
    await expect(world.until(node.presence.get('acme', ['bob']))).rejects.toMatchObject({ code: 'unavailable' });
    node.store.away = false;
    await world.until(watching);
    await world.pass(SETTLED_MS);
    expect([seen(ada), seen(eve)]).toEqual([
      ['ada', 'eve'],
      ['ada', 'eve'],
    ]);
  });

  it('a node whose lease was lost meanwhile writes everything again', async () => {
    const { world, node, watcher } = await begin({ slow, nodes: 2 });
    const ada = await watcher('ada');
    const far = new Connection(world.nodes[1]!, 'far');
    await world.until(far.watch(ROOM));
    await world.pass(1_000);
    node.store.away = true;
    await world.pass(30_000);
    expect(seen(far)).toEqual(['far']);
    expect(seen(ada)).toEqual(['ada', 'far']);
    node.store.away = false;
    await world.pass(SETTLED_MS);
    expect([seen(far), seen(ada)]).toEqual([
      ['ada', 'far'],
      ['ada', 'far'],
    ]);
    expect([told(far).ons.get('ada'), told(far).offs.get('ada')]).toEqual([1, 1]);
    expect(world.failures.length).toBeGreaterThan(0);
  });
});
