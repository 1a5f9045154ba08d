// Mixed load on connections that break: every client is handed what the log holds, and the memory of the server does not
// grow with what has passed. `npm run soak` does it for as long as one likes.
import { afterAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { memoryOf, metricsOf } from '../support/metrics.js';
import { soakRound } from './soak/round.js';
import { watchServer } from './watched-server.js';

const minutes = Number(process.env.SOAK_MINUTES ?? 0);
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000_000);
const ROUND_MS = 10_000;
/** By how much rounds of the same work may differ: the engine collects when it likes. */
const SPREAD_MIB = 64;

const server = watchServer({ COMMAND_RATE: '1000000' });
/** After each round, in MiB. */
const memory: number[] = [];

afterAll(() => void process.stdout.write(`TEST_SEED=${String(seed)} (${memory.map(Math.round).join(' ')} MiB)\n`));

it(
  'hands every client what the log holds, round for round, in memory that does not grow',
  async () => {
    const deadline = Date.now() + minutes * 60_000;
    for (let round = seed; memory.length === 0 || Date.now() < deadline; round++) {
      try {
        const { events, deliveries, breaks } = await soakRound(server.url, round, ROUND_MS);
        expect([events, deliveries, breaks].every((count) => count > 10)).toBe(true);
      } catch (cause) {
        throw new Error(`TEST_SEED=${String(round)} begins with the round that failed`, { cause });
      }
      await eventually(async () => expect((await metricsOf(server.url)).value('roomcast_connections')).toBe(1), {
        withinMs: 30_000,
      });
      memory.push(await memoryOf(server.url));
    }
    expect(server.process.logs()).not.toContain('internal error');
    // The first rounds warm the server up.
    const [early, late] = [memory.slice(0, Math.ceil(memory.length / 3)), memory.slice(-Math.ceil(memory.length / 3))];
    expect(Math.min(...late)).toBeLessThan(Math.max(...early) + SPREAD_MIB);
    // The engine gives memory back when it has been idle for half a minute.
    if (minutes === 0) return;
    await eventually(async () => expect(await memoryOf(server.url)).toBeLessThan(server.memoryBefore + 128), {
      withinMs: 100_000,
      everyMs: 1_000,
    });
  },
  minutes * 60_000 + 300_000,
);
