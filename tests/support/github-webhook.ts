// Calls a webhook as GitHub does.
import { createHmac, randomUUID } from 'node:crypto';

export interface WebhookCall {
  event: string;
  payload: unknown;
  secret?: string;
  deliveryId?: string;
  hookId?: string;
  form?: boolean;
}

export const webhookSecret = "It's a Secret to Everybody";

/** Makes a call to a server's webhook, signed with `webhookSecret` unless told otherwise. */
export async function deliver(
  url: string,
  call: WebhookCall,
): Promise<{ status: number; id: unknown; duplicate: unknown }> {
  const response = await fetch(`${url}/webhooks/github`, webhookCall({ secret: webhookSecret, ...call }));
  const { id, duplicate } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, id, duplicate };
}

/** The headers and the body of a call. */
export function webhookCall({ event, payload, secret, deliveryId = randomUUID(), hookId = '1', form }: WebhookCall) {
  const json = JSON.stringify(payload);
  const body = form ? new URLSearchParams({ payload: json }).toString() : json;
  const headers: Record<string, string> = {
    'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-event': event,
    'x-github-delivery': deliveryId,
    'x-github-hook-id': hookId,
    ...(secret === undefined ? {} : { 'x-hub-signature-256': signatureOf(secret, body) }),
  };
  return { method: 'POST', headers, body };
}

export function signatureOf(secret: string, body: string | Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
