// /events: posting events of the catalogue. Either one, or a batch that is written whole or not at all.
// The id of an event, or the header Idempotency-Key, makes a repeated request harmless.
import { emitPayload, id, parseInput, RoomcastError, type Receipt } from '@roomcast/protocol';
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { EmitItem } from '../events/broadcaster.js';
import type { Principal } from '../identity/principal.js';
import type { Publish } from '../rooms/publish.js';
import { publisherOf, requirePublisher } from './authenticate.js';
import { largeBody } from './json-body.js';

const MAX_BATCH = 500;
const batch = z.object({ events: z.array(emitPayload).max(MAX_BATCH) });
const idempotency = z.object({ 'Idempotency-Key': id.optional() });

export function createEventsRouter(publish: Publish): Router {
  const router = Router();
  router.post('/events', requirePublisher, largeBody, async (req, res) => {
    const caller = publisherOf(res);
    const key = idempotencyKey(req);
    if (isBatch(req.body)) {
      const items = parseInput(batch, req.body).events;
      res.json({
        results: await publishBatch(
          publish,
          caller,
          items.map((item, index) => withKey(item, key && `${key}:${index}`)),
        ),
      });
    } else {
      const [receipt] = await publish(caller, [withKey(parseInput(emitPayload, req.body), key)]);
      if (!receipt) throw new Error('an event was published without a receipt');
      res.status(receipt.duplicate ? 200 : 201).json(receipt);
    }
  });
  return router;
}

function isBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'events' in body && body.events !== null;
}

/** The header, with or without the quotes of a structured field. */
function idempotencyKey(req: Request): string | undefined {
  const key = req.get('Idempotency-Key')?.replace(/^"(.*)"$/, '$1');
  return parseInput(idempotency, { 'Idempotency-Key': key })['Idempotency-Key'];
}

/** An event's own id goes before the key of the request. */
function withKey(item: EmitItem, key: string | undefined): EmitItem {
  return { ...item, id: item.id ?? key };
}

async function publishBatch(publish: Publish, caller: Principal, items: readonly EmitItem[]): Promise<Receipt[]> {
  try {
    return items.length === 0 ? [] : await publish(caller, items);
  } catch (error) {
    throw items.length === 1 ? asOneOfBatch(error) : error;
  }
}

/** A batch of one is published as one event; its issues still speak of the batch. */
function asOneOfBatch(error: unknown): unknown {
  if (!(error instanceof RoomcastError) || !error.issues) return error;
  const inBatch = (path: string) => (path.startsWith('events.0') ? path : ['events.0', path].filter(Boolean).join('.'));
  const issues = error.issues.map(({ path, message }) => ({ path: inBatch(path), message }));
  return new RoomcastError(error.code, error.message, { issues, cause: error });
}
