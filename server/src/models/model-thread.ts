// The thread that speaks with a model's endpoint (thread-program.mjs), as one asks it. It is begun with the first
// question; should it end by itself, what it was asked fails, and the next question begins another one.
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { failureOf } from './model-failure.js';

export interface ModelSettings {
  /** The address that `/chat/completions` stands behind. */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly model: string;
}

/** As the ai package takes it. */
export interface Request {
  readonly system: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  /** The answer is to be one JSON document of this form. */
  readonly form?: { readonly name: string; readonly schema: object };
}

const PROGRAM = new URL('./thread-program.mjs', import.meta.url);

const mishap = z.object({
  heard: z.boolean(),
  declined: z.boolean(),
  status: z.number().nullable(),
  retryAfter: z.string().nullable(),
  detail: z.string(),
});
const reply = z.union([
  z.object({ id: z.number(), text: z.string() }),
  z.object({ id: z.number(), done: z.literal(true), decided: z.unknown().optional() }),
  z.object({ id: z.number(), failure: mishap }),
]);
type Reply = z.output<typeof reply>;

/** What a question brings: pieces of text, and that it is done. */
type Told = Exclude<Reply, { failure: unknown }>;

export interface ModelThread {
  /** @throws ModelFailure; the reason of `signal` */
  ask(request: Request, signal: AbortSignal): AsyncIterable<Told>;
  close(): Promise<void>;
}

export function createModelThread(settings: ModelSettings): ModelThread {
  const waiting = new Map<number, (reply: Reply) => void>();
  let worker: Worker | null = null;
  let asked = 0;

  function running(): Worker {
    if (worker) return worker;
    // Without the options of this process: a loader or inspector of the application is no business of the thread.
    const begun = new Worker(PROGRAM, { workerData: settings, execArgv: [] });
    begun.on('message', (message: unknown) => {
      const parsed = reply.safeParse(message);
      if (parsed.success) waiting.get(parsed.data.id)?.(parsed.data);
      else ended(begun, parsed.error.message);
    });
    begun.on('error', (error) => ended(begun, String(error)));
    begun.on('exit', (code) => ended(begun, `exit code ${code}`));
    worker = begun;
    return begun;
  }

  function ended(which: Worker, why: string): void {
    if (worker !== which) return;
    worker = null;
    void which.terminate();
    const failure = {
      heard: true,
      declined: false,
      status: null,
      retryAfter: null,
      detail: `the thread has ended: ${why}`,
    };
    for (const [id, take] of waiting) take({ id, failure });
  }

  return {
    async *ask(request, signal) {
      signal.throwIfAborted();
      const id = ++asked;
      const replies: (Reply | null)[] = [];
      let wake = () => {};
      const take = (next: Reply | null) => {
        replies.push(next);
        wake();
      };
      const stopped = () => take(null);
      waiting.set(id, take);
      signal.addEventListener('abort', stopped);
      running().postMessage({ id, ...request });
      let over = false;
      try {
        for (;;) {
          for (let next; (next = replies.shift()) !== undefined && next !== null;) {
            over = !('text' in next);
            if ('failure' in next) throw failureOf(next.failure);
            yield next;
            if (over) return;
          }
          signal.throwIfAborted();
          await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        waiting.delete(id);
        signal.removeEventListener('abort', stopped);
        if (!over) worker?.postMessage({ id, stop: true });
      }
    },
    async close() {
      const closing = worker;
      if (!closing) return;
      ended(closing, 'the server ends');
      await closing.terminate();
    },
  };
}
