// One direction of a connection: frames arrive in the order in which they were written, one or several in a turn.
import type { Random } from './random.js';
import type { Owner, Scheduler } from './scheduler.js';

export class Channel<Frame> {
  private frames: Frame[] = [];
  private started = false;
  private moving = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly receiver: Owner,
    private readonly take: (frame: Frame) => void,
  ) {}

  get empty(): boolean {
    return this.frames.length === 0;
  }

  /** Frames arrive from now on. */
  start(): void {
    this.started = true;
    this.move();
  }

  push(frame: Frame): void {
    this.frames.push(frame);
    this.move();
  }

  /** The connection breaks: only some of what is under way still arrives. */
  cut(): void {
    this.frames = this.frames.slice(0, this.random.below(this.frames.length + 1));
  }

  private move(): void {
    if (!this.started || this.moving || this.empty) return;
    this.moving = true;
    this.scheduler.add(this.receiver, () => {
      const count = this.random.chance(0.7) ? 1 : this.frames.length;
      for (const frame of this.frames.splice(0, count)) if (!this.receiver.gone) this.take(frame);
      this.moving = false;
      this.move();
    });
  }
}
