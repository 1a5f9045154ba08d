// Events on their way: what is emitted while a request is under way goes with the next one, in the order in which it was
// emitted. Every event has an id from the beginning, so a request that is repeated adds nothing.
import type { Receipt } from '@roomcast/protocol';
import type { HttpCaller } from './http-caller.js';
import { PublishError } from './publish-error.js';

export interface QueuedEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id: string;
}

export interface EventQueue {
  /** @returns the receipts, all or none of the group @throws PublishError */
  add(events: readonly QueuedEvent[]): Promise<Receipt[]>;
  /** Resolves when nothing is on its way any more. */
  idle(): Promise<void>;
  close(): void;
}

/** As many as the server takes at once, and less than the 8 MiB of its bodies. */
const MOST_EVENTS = 500;
const MOST_BYTES = 4 * 1024 * 1024;
/** Events that wait, at most: a server that is away must not cost all memory. */
const MOST_WAITING = 100_000;

interface Group {
  readonly events: readonly QueuedEvent[];
  readonly bytes: number;
  resolve(receipts: Receipt[]): void;
  reject(error: unknown): void;
}

/** What is wrong with an event, and not with who sends it. */
const OF_ONE_EVENT = new Set(['bad_request', 'conflict', 'payload_too_large']);

export function createEventQueue({ post }: Pick<HttpCaller, 'post'>): EventQueue {
  const waiting: Group[] = [];
  let count = 0;
  let running: Promise<void> | null = null;
  let closed = false;

  async function run(): Promise<void> {
    // What is emitted in the same turn goes together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const groups = waiting.splice(0, batchLength(waiting));
      await send(groups);
      for (const { events } of groups) count -= events.length;
    }
    running = null;
  }

  async function send(groups: readonly Group[]): Promise<void> {
    const events = groups.flatMap((group) => group.events);
    try {
      const receipts = receiptsOf(await post('/events', { events }), events.length);
      for (const group of groups) group.resolve(receipts.splice(0, group.events.length));
    } catch (error) {
      const ofOne = error instanceof PublishError && OF_ONE_EVENT.has(error.code);
      // One bad event must not cost the others: each is sent by itself, still in order.
      if (ofOne && groups.length > 1) for (const group of groups) await send([group]);
      else for (const group of groups) group.reject(error);
    }
  }

  return {
    add(events) {
      if (closed) return Promise.reject(new PublishError('closed', 'The publisher was closed.'));
      if (count + events.length > MOST_WAITING) {
        return Promise.reject(new PublishError('queue_full', `${count} events wait already.`, { retryable: true }));
      }
      if (events.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        count += events.length;
        waiting.push({ events, bytes: JSON.stringify(events).length, resolve, reject });
        running ??= run();
      });
    },
    async idle() {
      while (running) await running;
    },
    close() {
      closed = true;
    },
  };
}

/** How many of the waiting groups go together; one is never parted. */
function batchLength(waiting: readonly Group[]): number {
  let [events, bytes] = [0, 0];
  const beyond = waiting.findIndex((group, index) => {
    events += group.events.length;
    bytes += group.bytes;
    return index > 0 && (events > MOST_EVENTS || bytes > MOST_BYTES);
  });
  return beyond === -1 ? waiting.length : beyond;
}

function receiptsOf({ results }: Record<string, unknown>, length: number): Receipt[] {
  if (Array.isArray(results) && results.length === length && results.every(isReceipt)) return results;
  throw new PublishError('unavailable', 'The answer of the server is not one about events.');
}

function isReceipt(value: unknown): value is Receipt {
  return typeof value === 'object' && value !== null && 'id' in value && 'duplicate' in value;
}
