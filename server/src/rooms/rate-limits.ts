// How often a user may ask for something, over all connections and doors of this node. It answers in the same tick, so
// that the commands of a connection stay in their order.
import { RoomcastError } from '@roomcast/protocol';
import type { Clock } from '../ops/clock.js';
import { isPublisher, type Principal } from '../identity/principal.js';

/** A user's burst is this many seconds of the rate. */
const BURST_SECONDS = 3;
/** Publishers get one second of theirs at once. */
const PUBLISH_BURST_SECONDS = 1;
/** Less than this is an error of floating point: who waited as long as was said is not sent away again. */
const ROUNDING_MS = 1e-3;
/** Users without recent requests are forgotten this often. */
const SWEEP_MS = 60_000;

/** Typing that is taken for nothing, of everybody. */
const TYPING_RATE = 20;

export type Kind = 'message' | 'command';

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
  /** The variable that sets it. */
  readonly setting: string;
}

export interface RateLimits {
  /**
   * Counts a request.
   * @param cost how many it stands for: the events of a batch
   * @throws RoomcastError `rate_limited` with the time after which it would be taken
   */
  take(principal: Principal, kind: Kind, cost?: number): void;
  /** Counts a sign of typing: only what is more than 20/s is a command, and one that is refused in silence. */
  takeTyping(principal: Principal): boolean;
  /** Begins to forget who is quiet. @returns stops that */
  start(): () => void;
}

interface Deps {
  clock: Clock;
  messageRate: number;
  commandRate: number;
  /** Null: no limit. */
  publishRate: number | null;
  /** Told of every refusal, with the name of the setting. */
  refused: (setting: string, principal: Principal) => void;
}

export function createRateLimits({ clock, messageRate, commandRate, publishRate, refused }: Deps): RateLimits {
  const rates: Record<Kind, Rate> = {
    message: { perSecond: messageRate, burst: messageRate * BURST_SECONDS, setting: 'MESSAGE_RATE' },
    command: { perSecond: commandRate, burst: commandRate * BURST_SECONDS, setting: 'COMMAND_RATE' },
  };
  const typing: Rate = { perSecond: TYPING_RATE, burst: TYPING_RATE, setting: 'typing' };
  const publish: Rate | null =
    publishRate === null
      ? null
      : {
          perSecond: publishRate,
          burst: publishRate * PUBLISH_BURST_SECONDS,
          setting: 'PUBLISH_RATE',
        };
  /** When each bucket is full again: the whole state of the generic cell rate algorithm (ITU-T I.371). */
  const fullAt = new Map<string, number>();

  function rateOf(principal: Principal, kind: Kind): Rate | null {
    return isPublisher(principal) || principal.keyId !== null ? publish : rates[kind];
  }

  /** @returns how long to wait, in milliseconds; 0: it was counted */
  function count(rate: Rate, principal: Principal, cost: number): number {
    const bucket = `${rate.setting} ${principal.tenant}/${principal.userId}`;
    const now = clock.now();
    const full = Math.max(fullAt.get(bucket) ?? now, now) + (cost / rate.perSecond) * 1000;
    // A batch that is larger than the burst is taken when nothing else is counted, and paid for afterwards.
    const waitMs = full - now - (Math.max(rate.burst, cost) / rate.perSecond) * 1000;
    if (waitMs > ROUNDING_MS) return Math.ceil(waitMs);
    fullAt.set(bucket, full);
    return 0;
  }

  /** @returns how long to wait, in milliseconds; 0: it was taken */
  function ask(principal: Principal, kind: Kind, cost: number): number {
    const rate = rateOf(principal, kind);
    const retryAfterMs = rate ? count(rate, principal, cost) : 0;
    if (rate && retryAfterMs > 0) refused(rate.setting, principal);
    return retryAfterMs;
  }

  return {
    take(principal, kind, cost = 1) {
      const retryAfterMs = ask(principal, kind, cost);
      if (retryAfterMs > 0) throw new RoomcastError('rate_limited', undefined, { retryAfterMs });
    },
    takeTyping: (principal) => count(typing, principal, 1) === 0 || ask(principal, 'command', 1) === 0,
    start() {
      let cancel = () => {};
      const sweep = () => {
        const now = clock.now();
        for (const [bucket, full] of fullAt) if (full <= now) fullAt.delete(bucket);
        cancel = clock.after(SWEEP_MS, sweep);
      };
      sweep();
      return () => cancel();
    },
  };
}
