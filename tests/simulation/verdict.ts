// What was found wrong in a schedule, and, if wanted, all that happened in it.

export class Verdict {
  /** How often each kind of wrong was seen. */
  readonly found = new Map<string, number>();
  /** How often things happened that a schedule should bring about now and then. */
  readonly seen = new Map<string, number>();
  readonly trace: string[] = [];

  constructor(
    private readonly step: () => number,
    private readonly traced: boolean,
    private readonly ignored: readonly string[],
  ) {}

  bad(kind: string, detail: string): void {
    if (this.ignored.includes(kind)) return;
    this.found.set(kind, (this.found.get(kind) ?? 0) + 1);
    this.say(() => `!!! ${kind}: ${detail}`);
  }

  happened(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
  }

  say(text: () => string): void {
    if (this.traced) this.trace.push(`${this.step()} ${text()}`);
  }
}
