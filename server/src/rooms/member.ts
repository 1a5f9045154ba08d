// A live connection as rooms see it: who it is, what it is subscribed to, and a wire to write to.
import type { ConnectionEvents } from '@roomcast/protocol';
import type { EventFrame } from '../events/event-frame.js';
import type { ControlPosition } from '../events/log-row.js';
import type { Sequencer } from '../events/sequencer.js';
import type { Principal } from '../identity/principal.js';
import type { RoomKey } from './room-key.js';

/** What a gateway gives to reach its client. Nothing of it may throw. */
export interface Wire {
  /** Writes events in this order, now. */
  write(frames: readonly EventFrame[]): void;
  /** Tells this one connection something about itself. */
  notify<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]): void;
  /** What was written and has not left the process yet. */
  backlog(): Backlog;
  /** Resolves when what was written has left the process, or the connection is gone. */
  drained(): Promise<void>;
  /**
   * Resolves when all that the client wrote before it can have seen this call has been taken in.
   * Only wires whose clients may subscribe in a loop have it.
   */
  barrier?(): Promise<void>;
  /** The client cannot renew its token here, so that there is no grace after its end. */
  readonly tokenIsFinal?: true;
  /**
   * Ends the connection, so that its client may come back (`kicked: false`) or should not (`kicked: true`).
   * Called again, it waits no longer for a client that has not taken the end.
   */
  close(reason: string, kicked: boolean): void;
}

export interface Backlog {
  readonly packets: number;
  readonly bytes: number;
}

/** Being in a room. */
export interface Subscription {
  readonly sequencer: Sequencer;
  /** All rows after this offset were or will be handed over. */
  from: number;
  /** The place in the control stream at which the rights to be here were read. */
  control: ControlPosition;
}

export class Member {
  readonly subscriptions = new Map<RoomKey, Subscription>();
  closed = false;
  /** It is not wanted back. */
  thrownOut = false;

  /**
   * @param id of the connection
   * @param principal who it is; replaced when the token is renewed
   * @param control the place in the control stream at which the principal was authenticated
   */
  constructor(
    readonly id: string,
    public principal: Principal,
    readonly wire: Wire,
    readonly control: ControlPosition,
  ) {}
}
