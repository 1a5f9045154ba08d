// Work in lanes: in one lane one step after the other, several lanes beside each other, and a lane that has much to do
// lets the others have their turn after each step.
import type { Clock } from './clock.js';

/** What a step has left in its lane: nothing, more, or something to do in so many milliseconds. */
export type Left = 'nothing' | 'more' | number;

export interface Lanes {
  /** There is something to do in this lane. */
  wake(lane: string): void;
  /** Begins no further step; resolves when none runs any more. */
  stop(): Promise<void>;
}

interface Deps {
  clock: Pick<Clock, 'after'>;
  /** Lanes that run beside each other, at most. */
  atOnce: number;
  /** Must not throw. */
  step: (lane: string) => Promise<Left>;
}

export function createLanes({ clock, atOnce, step }: Deps): Lanes {
  /** In the order in which they get their turn. */
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const alarms = new Map<string, () => void>();
  let stopped = false;

  function wake(lane: string): void {
    if (stopped) return;
    waiting.add(lane);
    fill();
  }

  function fill(): void {
    for (const lane of waiting) {
      if (running.size >= atOnce) return;
      // A lane that is woken while it runs stays among the waiting, so what came too late for its step is not missed.
      if (running.has(lane)) continue;
      waiting.delete(lane);
      running.set(lane, run(lane));
    }
  }

  async function run(lane: string): Promise<void> {
    alarms.get(lane)?.();
    alarms.delete(lane);
    const left = await step(lane);
    running.delete(lane);
    if (stopped) return;
    if (typeof left === 'number')
      alarms.set(
        lane,
        clock.after(left, () => wake(lane)),
      );
    if (left === 'more') waiting.add(lane);
    fill();
  }

  return {
    wake,
    async stop() {
      stopped = true;
      waiting.clear();
      for (const cancel of alarms.values()) cancel();
      await Promise.all(running.values());
    },
  };
}
