import { describe, expect, it } from '@jest/globals';
import { createTeller, type Teller } from '../../src/workflows/teller.js';
import { createManualClock, type ManualClock } from '../ops/manual-clock.js';

interface Run {
  name: string;
  value: number;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A teller whose writes take `writeMs`, and what it has written, when. */
function scene(writeMs = 0, hold?: number) {
  const clock = createManualClock();
  const written: { at: number; told: string[] }[] = [];
  const teller: Teller<Run> = createTeller<Run>({
    clock,
    async write(runs) {
      written.push({ at: clock.now(), told: runs.map(({ name, value }) => `${name}${value}`) });
      if (writeMs > 0) await new Promise<void>((resolve) => clock.after(writeMs, resolve));
      return hold;
    },
  });
  return { clock, written, teller };
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    clock.pass(5);
    await turn();
  }
}

describe('the teller', () => {
  it('tells at once, then at most seven times in any second, and the newest last', async () => {
    const { clock, written, teller } = scene(10);
    const run = { name: 'a', value: 0 };
    for (let tick = 0; tick < 600; tick++) {
      run.value = tick;
      teller.changed(run);
      await pass(clock, 5);
    }
    await pass(clock, 1_000);
    expect(written[0]).toEqual({ at: 0, told: ['a0'] });
    expect(written.at(-1)?.told).toEqual(['a599']);
    const times = written.map(({ at }) => at);
    const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
    expect(most).toBeLessThanOrEqual(7);
    expect(times.length).toBeGreaterThan(15);
    await teller.stop();
    expect(clock.waiting).toBe(0);
  });

  it('tells together of what has come during a write', async () => {
    const { clock, written, teller } = scene(50);
    const runs = Array.from({ length: 250 }, (_, index) => ({ name: 'r', value: index }));
    for (const run of runs) teller.changed(run);
    await pass(clock, 200);
    expect(written.map(({ told }) => told.length)).toEqual([1, 200, 49]);
    await teller.stop();
  });

  it('waits with everything when it is told to, and goes on', async () => {
    const { clock, written, teller } = scene(0, 300);
    teller.changed({ name: 'a', value: 1 });
    await turn();
    teller.changed({ name: 'b', value: 1 });
    await pass(clock, 295);
    expect(written).toHaveLength(1);
    await pass(clock, 20);
    expect(written).toHaveLength(2);
    await teller.stop();
  });

  it('says when nothing of a run is being written any more, and leaves it to others', async () => {
    const { clock, written, teller } = scene(50);
    const run = { name: 'a', value: 1 };
    teller.changed(run);
    let left = false;
    const leaving = teller.leave(run).then(() => (left = true));
    teller.changed(run);
    await pass(clock, 40);
    expect(left).toBe(false);
    await pass(clock, 20);
    await leaving;
    await pass(clock, 1_000);
    expect(written).toHaveLength(1);
    await teller.stop();
  });

  it('begins with the pace of what others have just told', async () => {
    const { clock, written, teller } = scene();
    const run = { name: 'a', value: 1 };
    teller.told(run);
    teller.changed(run);
    await pass(clock, 140);
    expect(written).toEqual([]);
    await pass(clock, 20);
    expect(written).toHaveLength(1);
    await teller.stop();
  });
});
