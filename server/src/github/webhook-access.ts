// Whose deliveries the webhook takes, decided once from the settings. Without a secret production takes none; on a
// developer's machine it takes all, so that a first delivery needs no setup. Start-up says which of these it is.
import type { Config } from '../config.js';
import { createSignatureCheck, type CheckSignature } from './signature.js';

export interface WebhookAccess {
  /** Null: there is no webhook. */
  readonly check: CheckSignature | null;
  /** One line for the operator. It holds no secret. */
  readonly notice: string;
}

export function webhookAccess({
  githubWebhookSecrets: secrets,
  production,
}: Pick<Config, 'githubWebhookSecrets' | 'production'>): WebhookAccess {
  if (secrets.length > 0) {
    const tenants = [...new Set(secrets.map(({ tenant }) => tenant ?? 'every tenant'))];
    return {
      check: createSignatureCheck(secrets),
      notice: `GitHub webhook: signed deliveries, for ${tenants.join(', ')}`,
    };
  }
  if (production) return { check: null, notice: 'GitHub webhook: off, because GITHUB_WEBHOOK_SECRET is not set' };
  const notice = 'GitHub webhook: takes deliveries without a signature, for every tenant (set GITHUB_WEBHOOK_SECRET)';
  return { check: () => 'every', notice };
}
