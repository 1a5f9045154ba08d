// What a run of a suite came to, as simulate.mjs prints it.
export interface Summary {
  readonly suite: string;
  readonly runs: number;
  /** Schedules with something wrong. */
  readonly bad: number;
  /** Kinds of wrong, with the number of schedules that had it. */
  readonly found: Readonly<Record<string, number>>;
  /** Seeds of the first bad schedules. */
  readonly seeds: readonly number[];
  /** How often things happened that should happen now and then. */
  readonly seen: Readonly<Record<string, number>>;
  /** Of a schedule, on average. */
  readonly steps: number;
  readonly milliseconds: number;
}
