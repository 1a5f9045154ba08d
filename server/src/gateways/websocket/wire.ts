// A WebSocket as a wire: events through its outlet, what it is told of itself as its protocol says it.
import type { ConnectionEvents } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import type { EventFrame } from '../../events/event-frame.js';
import type { Clock } from '../../ops/clock.js';
import type { Backlog, Wire } from '../../rooms/member.js';
import { end, endingFor, type Ending } from './ending.js';
import type { Outlet } from './outlet.js';
import type { Dialogue, Protocol } from './protocol.js';

interface Deps {
  readonly ws: WebSocket;
  readonly protocol: Protocol;
  readonly outlet: Outlet;
  readonly clock: Clock;
}

/** A class, as its outlets are: a write reads the fewest objects that it can. */
export class WebSocketWire implements Wire {
  /** What is said on the connection, once it has begun. */
  dialogue: Dialogue | null = null;
  readonly #outlet: Outlet;
  /** Events that the dialogue has to hear of. */
  readonly #hears: ReadonlySet<string> | undefined;
  /** Events that wait until the connection has said its first words. */
  #held: EventFrame[] | null = null;
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#outlet = deps.outlet;
    this.#hears = deps.protocol.hears;
    this.#deps = deps;
  }

  write(frames: readonly EventFrame[]): void {
    if (this.#held) this.#held.push(...frames);
    else if (this.#hears) this.#tell(frames, this.#hears);
    else this.#outlet.write(frames);
  }

  /** Keeps events back. */
  hold(): void {
    this.#held = [];
  }

  /** Writes what was kept back, and keeps back no more. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    if (held.length > 0) this.write(held);
  }

  say(text: string): void {
    this.#outlet.say(text);
  }

  end(ending: Ending): void {
    end(this.#deps.ws, ending, this.#deps.clock);
  }

  notify<Name extends keyof ConnectionEvents>(event: Name, data: ConnectionEvents[Name]): void {
    const text = this.#deps.protocol.notice(event, data);
    if (text !== null) this.say(text);
    this.dialogue?.notified?.(event, data);
  }

  backlog(): Backlog {
    return this.#outlet.backlog();
  }

  drained(): Promise<void> {
    return this.#outlet.drained();
  }

  close(reason: string, kicked: boolean): void {
    this.end(endingFor(reason, kicked));
  }

  /** The dialogue hears of an event before it is written. */
  #tell(frames: readonly EventFrame[], heard: ReadonlySet<string>): void {
    for (const frame of frames) {
      if (heard.has(frame.name)) this.dialogue?.hear?.(frame);
      this.#outlet.write([frame]);
    }
  }
}
