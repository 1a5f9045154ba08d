// The broadcaster's interface over HTTP, for workers, scripts, cron, CI and other engines: with an API key instead of a
// database. What is emitted is kept until the server has taken it, in order and once, through restarts of the server.
import { randomUUID } from 'node:crypto';
import type { BuiltInCatalogue, Catalogue, Receipt } from '@roomcast/protocol';
import type { EmitItem, EventInput, EventName } from '../events/broadcaster.js';
import { createEventQueue } from './event-queue.js';
import { createHttpCaller, type HttpCallerOptions } from './http-caller.js';
import { createRunReporter, type RunOfEngine, type RunReporter } from './run-reporter.js';

export interface PublisherOptions<C extends Catalogue = BuiltInCatalogue> extends HttpCallerOptions {
  /** That of the host application, for the types of `emit`. */
  catalogue?: C;
}

export interface PublishOptions {
  /** Makes a retry by the caller harmless, too: the same id is the same event. One is made when it is left out. */
  id?: string | undefined;
}

export interface Publisher<C extends Catalogue = BuiltInCatalogue> {
  /**
   * Emits one event in the key's tenant. Events that are emitted while a request is under way share the next one.
   * @returns once the server has it: its id and its place in the stream; `duplicate` when the id was used before
   * @throws PublishError what the server refused it for (`bad_request` with issues, `conflict`, `forbidden`, …), or
   *   `unavailable` when there was no answer for `giveUpMs`
   */
  emit<Name extends EventName<C>>(event: Name, data: EventInput<C, Name>, options?: PublishOptions): Promise<Receipt>;
  /** Emits events, at most 500, all or none. @throws PublishError */
  emitAll(items: readonly EmitItem[]): Promise<Receipt[]>;
  /** A run that this program executes for another engine. */
  run(run: RunOfEngine): RunReporter;
  /** Resolves when the server has taken or refused everything that was emitted. */
  flush(): Promise<void>;
  /** Takes nothing more; what is on its way is given `withinMs` (10,000), and is then rejected as `closed`. */
  close(options?: { withinMs?: number }): Promise<void>;
}

const CLOSE_MS = 10_000;

export function createPublisher<C extends Catalogue = BuiltInCatalogue>(options: PublisherOptions<C>): Publisher<C> {
  const caller = createHttpCaller(options);
  const queue = createEventQueue(caller);

  function addAll(items: readonly EmitItem[]): Promise<Receipt[]> {
    return queue.add(items.map(({ event, data, id = randomUUID() }) => ({ event, data, id })));
  }

  async function add(item: EmitItem): Promise<Receipt> {
    const [receipt] = await addAll([item]);
    if (!receipt) throw new Error(`${item.event} was emitted without a receipt`);
    return receipt;
  }

  return {
    emit: (event, data, { id } = {}) => add({ event, data, id }),
    emitAll: addAll,
    run: (run) =>
      createRunReporter({ post: caller.post, emit: (event, data, { id }) => add({ event, data, id }) }, run),
    flush: () => queue.idle(),
    async close({ withinMs = CLOSE_MS } = {}) {
      queue.close();
      const timer = setTimeout(caller.close, withinMs);
      await queue.idle();
      clearTimeout(timer);
    },
  };
}
