// Ten thousand random frames and requests, most of them wrong: all are answered by the table of errors or end their own
// connection, the process lives, and nobody else notices. `npm run fuzz` does it for as long as one likes.
import { afterAll, expect, it } from '@jest/globals';
import { catalogue, envelope } from '@roomcast/protocol';
import { Random } from '../simulation/random.js';
import { eventually } from '../support/eventually.js';
import { memoryOf, metricsOf } from '../support/metrics.js';
import { connectRaw, type RawSocketIo } from '../support/raw-socketio.js';
import { testToken } from '../support/tokens.js';
import { Input } from './fuzz/input.js';
import { ROOMS } from './fuzz/commands.js';
import { rounds } from './fuzz/rounds.js';
import { watchServer } from './watched-server.js';

const FRAMES = 10_000;
/** Rounds of one tenant: what one of them has left is found by the next. */
const ROUNDS_OF_TENANT = 5;
const minutes = Number(process.env.FUZZ_MINUTES ?? 0);
/** A run begins with the round of this seed and goes on with those after it. */
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_000);
let frames = 0;

const server = watchServer({ COMMAND_RATE: '1000000' });

afterAll(() => void process.stdout.write(`TEST_SEED=${String(seed)} (${String(frames)} frames)\n`));

it(
  `answers ${String(FRAMES)} random frames as it should, and goes on`,
  async () => {
    const deadline = Date.now() + minutes * 60_000;
    for (let round = seed; frames < FRAMES || Date.now() < deadline; round++) {
      try {
        frames += await play(round);
      } catch (cause) {
        throw new Error(`TEST_SEED=${String(round)} begins with the round that failed`, { cause });
      }
    }
    await eventually(async () => expect((await metricsOf(server.url)).value('roomcast_connections')).toBe(1));
    await eventually(async () => expect(await memoryOf(server.url)).toBeLessThan(server.memoryBefore + 128), {
      withinMs: 100_000,
      everyMs: 1_000,
    });
  },
  minutes * 60_000 + 300_000,
);

/** @returns how many frames were sent */
async function play(round: number): Promise<number> {
  const input = new Input(new Random(round));
  const tenant = `fuzz-${String(Math.floor(round / ROUNDS_OF_TENANT))}`;
  const observer = await observe(tenant);
  try {
    const sent = await input.random.pick(rounds)(input, { url: server.url, tenant });
    expect((await observer.ask('debug:rooms')).status).toBe('success');
    expect(faultsOf(observer)).toEqual([]);
    expect(server.process.logs()).not.toContain('internal error');
    return sent;
  } finally {
    observer.close();
  }
}

/** Somebody of the tenant who does nothing wrong. */
async function observe(tenant: string): Promise<RawSocketIo> {
  const observer = await connectRaw(server.url, testToken({ user: 'observer', tenant, roles: ['publisher'] }));
  const rooms = ROOMS.filter((room) => !room.startsWith('user:')).map((room) => ({ room }));
  expect((await observer.ask('subscribe_many', { rooms })).status).toBe('success');
  return observer;
}

/** Whatever was let in, its audience gets what the catalogue says, in order. */
function faultsOf({ events }: RawSocketIo): string[] {
  let last = 0;
  return events.flatMap(({ name, message }) => {
    if (message.id === undefined) return [];
    const definition = catalogue.events.find((event) => event.name === name);
    const fits = envelope.strict().safeParse(message).success && definition?.data.safeParse(message.data).success;
    const rises = (message.offset ?? 0) > last;
    last = message.offset ?? 0;
    return fits && rises ? [] : [JSON.stringify(message)];
  });
}
