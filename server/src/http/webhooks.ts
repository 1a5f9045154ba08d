// POST /webhooks/github: what GitHub sends is checked, stored and answered; what it means is found out afterwards.
import { RoomcastError } from '@roomcast/protocol';
import express, { Router } from 'express';
import { readDelivery, type Delivery } from '../github/delivery.js';
import type { CheckSignature, TenantScope } from '../github/signature.js';

/** GitHub sends no payload that is larger. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

interface WebhooksDeps {
  /** Null: there is no webhook, the route is not found. */
  check: CheckSignature | null;
  /** Stores a delivery; resolves once it is safe. */
  receive: (delivery: Delivery, scope: TenantScope) => Promise<{ id: string; duplicate: boolean }>;
}

/** The router stands at the root, before anything that reads bodies: a signature is of the bytes. */
export function createWebhooksRouter({ check, receive }: WebhooksDeps): Router {
  const router = Router();
  if (!check) return router;
  // GitHub compresses nothing; small bytes that become a large body are not read.
  const rawBody = express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false });
  router.post('/webhooks/github', rawBody, async (req, res) => {
    const body: unknown = req.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const scope = check(bytes, req.get('x-hub-signature-256'));
    if (!scope)
      throw new RoomcastError('unauthorized', 'The signature is missing, or no secret of the webhook made it.');
    res.status(202).json(await receive(readDelivery(req.headers, bytes), scope));
  });
  return router;
}
