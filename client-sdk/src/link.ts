// One connection to a server, from its beginning to its end: used once, never reopened, so that nothing of it can leak
// into the next one. Socket.IO is one kind (socketio-link.ts), the fake server for tests another.
/** What a link tells. After `lost`, `kicked` or `refused` it tells nothing more. */
export interface LinkEvents {
  established(): void;
  /** The server does not take this client; what it said (an error of the table). */
  refused(error: unknown): void;
  /** The transport could not be opened, or has ended. */
  lost(reason: string): void;
  /** The server said goodbye for good. */
  kicked(): void;
  /** A message, in the order in which the server sent it, relative to the answers of commands too. */
  message(name: string, payload: unknown): void;
}

export interface Link {
  /**
   * Sends a command. Only to be called while the link is established.
   * @param timeoutMs how long to wait for the answer
   * @param done called at most once, in the turn in which the answer came, before any later message is told; with null
   * when none came in time, or the link ended before
   */
  send(name: string, payload: object, timeoutMs: number, done: (answer: { ack: unknown } | null) => void): void;
  /** Ends it and tells nothing any more. `goodbye` says to the server that this client will not come back soon. */
  end(goodbye: boolean): void;
}

export interface LinkAddress {
  /** Undefined in a browser: where the page came from. */
  readonly url: string | undefined;
  /** Of the server's Socket.IO endpoint. */
  readonly path: string;
  readonly namespace: string;
  readonly token: string;
}

/** Begins to connect. Nothing is told before it has returned. */
export type OpenLink = (address: LinkAddress, events: LinkEvents) => Link;
