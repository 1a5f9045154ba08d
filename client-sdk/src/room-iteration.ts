// The events of a room, one by one, as fast as they are taken. What comes meanwhile is kept up to a limit; an iteration
// that is further behind reads on from the log, so a slow one costs bounded memory and loses nothing that is logged.
import type { Envelope } from '@roomcast/protocol';
import { RoomcastError } from './roomcast-error.js';
import type { Listener } from './rooms.js';
import { covers, isLogged, positionIn, type StreamPosition } from './stream-position.js';
import type { ReadPage } from './wire.js';

export interface IterationDeps {
  /** Listens from now on. @returns ends it */
  listen: (listener: Listener) => () => void;
  /** Resolves once everything that comes is heard. */
  entered: () => Promise<unknown>;
  read: (after: StreamPosition) => Promise<ReadPage>;
  after: StreamPosition | undefined;
  signal: AbortSignal | undefined;
  maxKept: number;
}

interface Item {
  readonly envelope: Envelope;
  readonly before: StreamPosition | null;
}

class Inbox implements Listener {
  private items: Item[] = [];
  ended: { error: RoomcastError | null } | null = null;
  private wake = () => {};
  private finish = () => {};
  /** Resolves at the end. */
  readonly over = new Promise<void>((resolve) => (this.finish = resolve));
  /** Where to read on, after more has come than is kept. */
  overflow: StreamPosition | null = null;

  constructor(private readonly maxKept: number) {}

  take(envelope: Envelope, before: StreamPosition | null): void {
    if (this.overflow || this.ended) return;
    this.items.push({ envelope, before });
    if (this.items.length > this.maxKept) this.giveUpKeeping();
    this.wake();
  }

  end(error: RoomcastError | null): void {
    this.ended ??= { error };
    this.finish();
    this.wake();
  }

  /** @returns null at the end, or when there is an overflow to be read first */
  async next(): Promise<Item | null> {
    while (this.items.length === 0 && !this.ended && !this.overflow) {
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const item = this.items.shift();
    if (!item && this.ended?.error) throw this.ended.error;
    return item ?? null;
  }

  private giveUpKeeping(): void {
    const first = this.items.find(({ envelope, before }) => before && isLogged(envelope));
    if (first) {
      this.overflow = first.before;
      this.items = [];
    } else this.items.shift();
  }
}

/** @throws RoomcastError `reset` when events may be missing, or why the room was left */
export async function* iterate({
  listen,
  entered,
  read,
  after,
  signal,
  maxKept,
}: IterationDeps): AsyncGenerator<Envelope> {
  const inbox = new Inbox(maxKept);
  const stop = listen(inbox);
  const end = () => inbox.end(null);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  let had: StreamPosition | null = null;
  let from = after ?? null;
  try {
    if (from) await Promise.race([entered(), inbox.over]);
    for (;;) {
      while (from && !inbox.ended) {
        const page = await readPage(read, from);
        for (const envelope of page.events) yield envelope;
        had = positionIn(page);
        from = page.has_more ? had : null;
      }
      const item = await inbox.next();
      if (item && !isCovered(item, had)) yield item.envelope;
      else if (!item && inbox.overflow) {
        from = inbox.overflow;
        inbox.overflow = null;
      } else if (!item) return;
    }
  } finally {
    signal?.removeEventListener('abort', end);
    stop();
  }
}

async function readPage(read: IterationDeps['read'], from: StreamPosition): Promise<ReadPage> {
  const page = await read(from);
  if (page.recovered) return page;
  throw new RoomcastError('reset', `events may be missing (${page.reason ?? 'unknown'})`);
}

function isCovered({ envelope, before }: Item, had: StreamPosition | null): boolean {
  return before !== null && isLogged(envelope) && covers(had, envelope.offset, before.epoch);
}
