// Decides what happens next. Everything that may happen is an action that waits here; one is picked at a time, and
// before the next one all code that it set going has run as far as it can. A seed thus fixes the whole schedule.
import type { Clock } from '../../server/src/ops/clock.js';
import type { Random } from './random.js';

/** Whose an action is: what is gone does nothing any more. */
export interface Owner {
  gone: boolean;
}

interface Action {
  readonly owner: Owner;
  run: () => void;
}

/** How often it is asked whether all is done. */
const LOOK_EVERY = 20;

export class Scheduler {
  step = 0;

  private readonly ready: Action[] = [];
  private readonly timers = new Map<number, Action[]>();

  constructor(
    private readonly random: Random,
    private readonly stepMs: number,
    private readonly stepsOf: (ms: number) => number,
  ) {}

  /** Something that may happen from now on. */
  add(owner: Owner, run: () => void): void {
    this.ready.push({ owner, run });
  }

  /** Resolves at some time. */
  point(owner: Owner): Promise<void> {
    return new Promise((resolve) => this.add(owner, resolve));
  }

  /** Something that may happen after some steps. @returns cancels it */
  later(owner: Owner, steps: number, run: () => void): () => void {
    const action = { owner, run };
    const due = this.step + Math.max(1, steps);
    const others = this.timers.get(due);
    if (others) others.push(action);
    else this.timers.set(due, [action]);
    return () => (action.run = nothing);
  }

  clockOf(owner: Owner): Clock {
    return {
      now: () => this.step * this.stepMs,
      after: (ms, run) => this.later(owner, this.stepsOf(ms), run),
      endOfTurn: (run) => this.add(owner, run),
    };
  }

  /** Runs until all is done. @returns false when `limit` steps were not enough */
  async run(limit: number, done: () => boolean): Promise<boolean> {
    for (; this.step < limit; this.step++) {
      if (this.step % LOOK_EVERY === 0 && done()) return true;
      this.ready.push(...(this.timers.get(this.step) ?? []));
      this.timers.delete(this.step);
      const action = this.take();
      if (!action || action.owner.gone) continue;
      action.run();
      await promisesAreIdle();
    }
    return false;
  }

  private take(): Action | undefined {
    const last = this.ready.pop();
    if (!last || this.ready.length === 0) return last;
    const place = this.random.below(this.ready.length + 1);
    if (place === this.ready.length) return last;
    const taken = this.ready[place];
    this.ready[place] = last;
    return taken;
  }
}

/**
 * Resolves when every promise callback that can run has run: a tick asked for by one of them comes after all of them,
 * and costs a third of `setImmediate`.
 */
function promisesAreIdle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function nothing(): void {}
