// Who sent a delivery: whoever knows a secret of the webhook. GitHub signs the bytes of the body, so the bytes are
// checked before anything reads them. The time that the check takes does not depend on how near a guess came.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSecret } from '../config.js';

/** Whose projects a delivery may reach: those of these tenants, or of every tenant. */
export type TenantScope = 'every' | readonly string[];

/**
 * Checks the signature of a body.
 * @param body the bytes as they came
 * @param signature the header `X-Hub-Signature-256`
 * @returns what the secrets that made the signature stand for; null when none of them made it
 */
export type CheckSignature = (body: Buffer, signature: string | undefined) => TenantScope | null;

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** @param secrets all that are valid now; several while one takes the place of another, or one a tenant */
export function createSignatureCheck(secrets: readonly WebhookSecret[]): CheckSignature {
  return (body, signature) => {
    const [, hex] = SIGNATURE.exec(signature ?? '') ?? [];
    if (hex === undefined) return null;
    const given = Buffer.from(hex, 'hex');
    return scopeOf(secrets.filter(({ secret }) => timingSafeEqual(hmac(secret, body), given)));
  };
}

function hmac(secret: string, body: Buffer): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}

function scopeOf(matched: readonly WebhookSecret[]): TenantScope | null {
  if (matched.length === 0) return null;
  const tenants = matched.map(({ tenant }) => tenant);
  const named = tenants.filter((tenant) => tenant !== null);
  return named.length < tenants.length ? 'every' : [...new Set(named)].sort();
}
