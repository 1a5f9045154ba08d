// A node's sign of life, and with it how far the node has applied the control stream: that is how it is known that a
// revocation has been carried out everywhere.

export interface Lease {
  readonly nodeId: string;
  /** This node has applied all revocations up to here. */
  report(control: number): void;
  /** Resolves when every living node has reported this place or a later one. */
  applied(control: number): Promise<void>;
}

/** The lease of a node that is alone. */
export function createLocalLease(nodeId: string): Lease {
  let reported = 0;
  let waiting: { control: number; wake: () => void }[] = [];

  return {
    nodeId,
    report(control) {
      reported = control;
      for (const { wake } of waiting.filter((one) => one.control <= reported)) wake();
      waiting = waiting.filter((one) => one.control > reported);
    },
    applied(control) {
      if (reported >= control) return Promise.resolve();
      return new Promise((wake) => waiting.push({ control, wake }));
    },
  };
}
