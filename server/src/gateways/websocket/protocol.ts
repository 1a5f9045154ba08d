// What a protocol over WebSockets has to say; connections, rights, limits, order and the way out are the gateway's.
import type { ConnectionEvents, RoomcastError } from '@roomcast/protocol';
import type { EventFrame } from '../../events/event-frame.js';
import type { Principal } from '../../identity/principal.js';
import type { Caller } from '../command-router.js';
import type { Ending } from './ending.js';
import type { FrameEncoder } from './frame-encoder.js';

export interface Protocol {
  readonly name: string;
  /** Events, the same for all connections of the protocol. */
  readonly encoder: FrameEncoder;
  /** What a connection is told about itself; null: nothing. */
  notice<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]): string | null;
  /**
   * The credential in a first frame, where the protocol has such a frame.
   * @throws RoomcastError when the frame is another one
   */
  readonly credentialIn?: (text: string) => string;
  /** An answer that needs nobody to be known; null: there is none. */
  readonly echo?: (text: string) => string | null;
  /** Events that each connection hears of before it is told what the encoder makes of them, if anything. */
  readonly hears?: ReadonlySet<string>;
  /** What a path leads to; null when it is none of the protocol's. */
  at(path: string): Place | null;
}

export interface Place {
  /**
   * Asks whether somebody may be here.
   * @returns called when the connection is gone
   * @throws RoomcastError with which the connection is closed
   */
  admit?(principal: Principal): Promise<(() => void) | undefined>;
  /** The connection is open, and in its user's room; nothing that came has been taken yet. */
  begin(session: Session): Dialogue;
}

/** An open connection, as its protocol has it. */
export interface Session {
  readonly caller: Caller;
  say(text: string): void;
  end(ending: Ending): void;
}

/** What is said on one connection. */
export interface Dialogue {
  /** Nothing that came is taken before; never rejects. */
  readonly ready?: Promise<void>;
  /** @returns the next frame is taken when it has resolved, which it must */
  take(text: string): void | Promise<void>;
  /** Says what is wrong with a frame that is no text. */
  refuse(error: RoomcastError): void;
  /** One of the events that the protocol `hears`. */
  hear?(frame: EventFrame): void;
  /** The connection was told something about itself. */
  notified?<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]): void;
}
