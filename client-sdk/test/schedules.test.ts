// Random schedules of everything that can happen between a client's rooms and a server. SEED repeats a run, RUNS makes
// it longer.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FakePlace } from '../src/testing/fake-log.js';
import { rooms, World } from './schedule-world.js';

const SEED = Number(process.env.SEED ?? Date.now() & 0x7fffffff);
const RUNS = Number(process.env.RUNS ?? 400);

type Action = (world: World) => void;

const room = fc.constantFrom(...rooms);
const audience = fc.oneof(fc.subarray<string>(['a', 'b', 'c'], { minLength: 1 }), fc.constant<string[]>(['own:d']));
const always = (action: Action) => fc.constant(action);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: audience.map((to) => (world: World) => world.emit(to)) },
  { weight: 10, arbitrary: always((world) => world.serverTakes()) },
  { weight: 14, arbitrary: always((world) => world.clientTakes()) },
  { weight: 4, arbitrary: room.map((name) => (world: World) => world.want(name)) },
  { weight: 2, arbitrary: room.map((name) => (world: World) => world.drop(name)) },
  { weight: 2, arbitrary: always((world) => world.cut()) },
  { weight: 3, arbitrary: always((world) => world.connect()) },
  { weight: 2, arbitrary: fc.boolean().map((tells) => (world: World) => world.refetched(tells)) },
  { weight: 1, arbitrary: room.map((name) => (world: World) => world.revoke(name)) },
  { weight: 1, arbitrary: room.map((name) => (world: World) => world.allow(name)) },
  { weight: 1, arbitrary: room.map((name) => (world: World) => world.truncate(name)) },
  { weight: 1, arbitrary: always((world) => world.restore()) },
  { weight: 6, arbitrary: snapshots() },
);

/** An application reads a snapshot, and some time later enters the room with it. */
function snapshots(): fc.Arbitrary<Action> {
  const read = new WeakMap<World, Map<string, FakePlace>>();
  const placesOf = (world: World) => read.get(world) ?? read.set(world, new Map()).get(world)!;
  return fc.tuple(room, fc.boolean()).map(([name, takes]) => (world: World) => {
    const place = placesOf(world).get(name);
    if (takes && place) world.wantFrom(name, place);
    else placesOf(world).set(name, world.snapshot(name));
  });
}

async function turn(): Promise<void> {
  for (let count = 0; count < 8; count++) await Promise.resolve();
}

async function comeToRest(world: World): Promise<void> {
  world.connect();
  await turn();
  for (let count = 0; world.busy; count++) {
    if (count > 2000) throw new Error('it does not come to rest');
    world.refetched(false);
    world.serverTakes();
    world.clientTakes();
    await turn();
  }
}

async function run(actions: readonly Action[], pageSize: number): Promise<void> {
  const world = new World(pageSize);
  try {
    for (const act of actions) {
      act(world);
      await turn();
      if (world.failure) throw world.failure;
    }
    await comeToRest(world);
    world.emit(['a', 'b', 'c']);
    world.emit(['own:d']);
    await comeToRest(world);
    if (world.failure) throw world.failure;
    expect(world.behind()).toEqual([]);
    expect(world.disagreed()).toEqual([]);
  } catch (error) {
    throw new Error(`${String(error)}\n${world.story.join('\n')}`, { cause: error });
  }
}

describe('rooms under random schedules', () => {
  it(`hand over each event once and in order, or say that they cannot (seed ${SEED})`, async () => {
    const schedule = fc.array(action, { minLength: 10, maxLength: 120 });
    await fc.assert(fc.asyncProperty(schedule, fc.integer({ min: 1, max: 4 }), run), { seed: SEED, numRuns: RUNS });
  });
});
