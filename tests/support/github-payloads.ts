// Payloads that GitHub has really sent, collected by Octokit.
import { createRequire } from 'node:module';
import { z } from 'zod';

const collection = z.array(z.object({ name: z.string(), examples: z.array(z.looseObject({})) }));

export type Payload = z.output<typeof collection>[number]['examples'][number];

export interface RealPayload {
  /** As in `X-GitHub-Event`. */
  readonly event: string;
  readonly payload: Payload;
}

const load: (name: string) => unknown = createRequire(import.meta.url);

export const realPayloads: readonly RealPayload[] = collection
  .parse(load('@octokit/webhooks-examples'))
  .flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload })));

/**
 * A copy of the first payload of an event, and of an action, that fulfils a condition.
 * @throws when there is none
 */
export function realPayload(
  event: string,
  action?: string,
  suits: (payload: Payload) => boolean = () => true,
): Payload {
  const found = realPayloads.find(
    (real) => real.event === event && real.payload.action === action && suits(real.payload),
  );
  if (!found) throw new Error(`no real payload of ${event} ${action ?? ''}`);
  return structuredClone(found.payload);
}
