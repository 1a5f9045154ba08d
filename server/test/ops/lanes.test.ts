import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLanes, type Left } from '../../src/ops/lanes.js';
import { systemClock } from '../../src/ops/clock.js';
import { eventually } from '../../../tests/support/eventually.js';

const seed = Date.now() % 2 ** 31;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('lanes', () => {
  it('run one step of a lane at a time, and no more lanes at once than allowed', async () => {
    const running: string[] = [];
    let most = 0;
    const work = new Map(['a', 'b', 'c', 'd', 'e', 'f'].map((lane) => [lane, 4]));
    const lanes = createLanes({
      clock: systemClock,
      atOnce: 3,
      async step(lane): Promise<Left> {
        expect(running).not.toContain(lane);
        running.push(lane);
        most = Math.max(most, running.length);
        await turn();
        running.splice(running.indexOf(lane), 1);
        const left = (work.get(lane) ?? 0) - 1;
        work.set(lane, left);
        return left > 0 ? 'more' : 'nothing';
      },
    });
    for (const lane of work.keys()) lanes.wake(lane);
    await eventually(() => [...work.values()].every((left) => left === 0));
    expect(most).toBe(3);
    await lanes.stop();
  });

  it('give every lane its turn while one has no end', async () => {
    const ran: string[] = [];
    const lanes = createLanes({
      clock: systemClock,
      atOnce: 1,
      async step(lane): Promise<Left> {
        await turn();
        ran.push(lane);
        return lane === 'busy' ? 'more' : 'nothing';
      },
    });
    lanes.wake('busy');
    lanes.wake('quiet');
    await eventually(() => ran.includes('quiet'));
    expect(ran.indexOf('quiet')).toBeLessThanOrEqual(1);
    await lanes.stop();
  });

  it('run again when woken in the middle of a step that has found nothing', async () => {
    let steps = 0;
    const lanes = createLanes({
      clock: systemClock,
      atOnce: 2,
      async step(lane): Promise<Left> {
        steps += 1;
        if (steps === 1) lanes.wake(lane);
        await turn();
        return 'nothing';
      },
    });
    lanes.wake('a');
    await eventually(() => steps === 2);
    await lanes.stop();
    expect(steps).toBe(2);
  });

  it('come back by themselves after the time that a step asks for', async () => {
    const alarms: { ms: number; run: () => void }[] = [];
    let steps = 0;
    const after = (ms: number, run: () => void) => {
      const alarm = { ms, run };
      alarms.push(alarm);
      return () => void alarms.splice(alarms.indexOf(alarm), 1);
    };
    const lanes = createLanes({
      clock: { after },
      atOnce: 1,
      step: () => Promise.resolve(++steps === 1 ? 250 : 'nothing'),
    });
    lanes.wake('a');
    await eventually(() => alarms.length === 1);
    expect(alarms[0]?.ms).toBe(250);
    alarms[0]?.run();
    await eventually(() => steps === 2);
    expect(alarms).toEqual([]);
    await lanes.stop();
  });

  it('begin nothing after they were stopped, and stop once all steps have ended', async () => {
    const log: string[] = [];
    const lanes = createLanes({
      clock: systemClock,
      atOnce: 1,
      async step(lane): Promise<Left> {
        log.push(`${lane} begins`);
        await turn();
        log.push(`${lane} ends`);
        return 'more';
      },
    });
    lanes.wake('a');
    lanes.wake('b');
    await lanes.stop();
    lanes.wake('c');
    await turn();
    expect(log).toEqual(['a begins', 'a ends']);
  });

  it('do all that they are woken for, whenever that is', async () => {
    const wakes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(wakes, fc.integer({ min: 1, max: 3 }), async (order, atOnce) => {
        const todo = new Map<string, number>();
        const lanes = createLanes({
          clock: systemClock,
          atOnce,
          async step(lane): Promise<Left> {
            const count = todo.get(lane) ?? 0;
            await turn();
            if (count === 0) return 'nothing';
            todo.set(lane, (todo.get(lane) ?? 0) - 1);
            return 'more';
          },
        });
        for (const [lane, pause] of order) {
          todo.set(lane, (todo.get(lane) ?? 0) + 1);
          lanes.wake(lane);
          if (pause) await turn();
        }
        await eventually(() => [...todo.values()].every((count) => count === 0), { everyMs: 1 });
        await lanes.stop();
      }),
      { seed, numRuns: 50 },
    );
  });
});
