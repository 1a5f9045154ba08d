// A stream as one client sees it: how far it has been handed over, and whether it is held. While somebody holds it
// (an application that refetches, a room that is being caught up), what happens in it waits, in order.
import type { StreamPosition } from './stream-position.js';

/** The right to let a stream go on. */
export interface Hold {
  readonly stream: Stream;
}

export class Stream {
  /** Of the rooms that are joined; null while there are none. */
  position: StreamPosition | null = null;
  readonly #holds = new Set<Hold>();
  #waiting: (() => void)[] = [];
  #flushing = false;

  constructor(readonly name: string) {}

  get held(): boolean {
    return this.#holds.size > 0;
  }

  /** Something is held, or waits. */
  get busy(): boolean {
    return this.held || this.#flushing || this.#waiting.length > 0;
  }

  /** Does it now, or after all that waits already. */
  whenFree(action: () => void): void {
    if (this.busy) this.#waiting.push(action);
    else action();
  }

  /** What belongs to the action that goes on now: does it at once, or after the hold and before all that waits. */
  next(action: () => void): void {
    if (this.held) this.#waiting.unshift(action);
    else action();
  }

  hold(): Hold {
    const hold = { stream: this };
    this.#holds.add(hold);
    return hold;
  }

  /** Lets what waits happen, up to the next hold. A hold that is not there any more changes nothing. */
  release(hold: Hold): void {
    if (!this.#holds.delete(hold) || this.#flushing) return;
    this.#flushing = true;
    while (!this.held && this.#waiting.length > 0) this.#waiting.shift()?.();
    this.#flushing = false;
  }

  /** What waits belonged to a connection that is gone. */
  forgetWaiting(): void {
    this.#waiting = [];
  }
}
