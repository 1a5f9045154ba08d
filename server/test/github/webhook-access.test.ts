import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/config.js';
import { webhookAccess } from '../../src/github/webhook-access.js';

const body = Buffer.from('{}');
const signed = (secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const production = { NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32), CORS_ORIGINS: 'https://app.example.com' };
const accessWith = (env: Record<string, string>) => webhookAccess(parseConfig(env));

describe('the webhook', () => {
  it('is off in production when there is no secret, and start-up says so', () => {
    const { check, notice } = accessWith(production);
    expect(check).toBeNull();
    expect(notice).toMatch(/off.*GITHUB_WEBHOOK_SECRET/);
  });

  it('takes deliveries without a signature on a developer machine when there is no secret, and start-up says so', () => {
    const { check, notice } = accessWith({});
    expect(check?.(body, undefined)).toBe('every');
    expect(notice).toMatch(/without a signature.*every tenant/);
  });

  it('wants a signature as soon as there is a secret', () => {
    const { check } = accessWith({ GITHUB_WEBHOOK_SECRET: 'one' });
    expect(check?.(body, undefined)).toBeNull();
    expect(check?.(body, signed('one'))).toBe('every');
  });

  it('takes a bare secret for tenant default in production', () => {
    const { check, notice } = accessWith({ ...production, GITHUB_WEBHOOK_SECRET: 'one,acme=two' });
    expect(check?.(body, signed('one'))).toEqual(['default']);
    expect(check?.(body, signed('two'))).toEqual(['acme']);
    expect(notice).toMatch(/for default, acme$/);
  });

  it('says at start-up for whom it is, and no secret', () => {
    const { notice } = accessWith({ GITHUB_WEBHOOK_SECRET: 'hush,acme=quiet,acme=silent' });
    expect(notice).toMatch(/for every tenant, acme$/);
    expect(notice).not.toMatch(/hush|quiet|silent/);
  });
});
