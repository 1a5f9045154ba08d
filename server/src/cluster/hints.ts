// Hints carry committed rows to the sequencers of all nodes, quickly and without any promise: they may be lost, repeated
// or reordered. The log is the truth; a lost hint costs time, never an event.

export interface Hints<Hint> {
  /** Resolves once hints of the stream reach this node from now on. */
  listen(stream: string): Promise<void>;
  /** Hints of the stream are not needed here any more. */
  ignore(stream: string): void;
  /** Hands a hint to every node that listens to the stream, this one included. Never throws. */
  publish(stream: string, hint: Hint): void;
}

/** Hints of a node that is alone: its own rows, handed over in the same turn. */
export function createLocalHints<Hint>(receive: (stream: string, hint: Hint) => void): Hints<Hint> {
  return {
    listen: () => Promise.resolve(),
    ignore() {},
    publish: receive,
  };
}
