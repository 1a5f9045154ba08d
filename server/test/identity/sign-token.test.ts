import { describe, expect, it } from '@jest/globals';
import { principalOf } from '../../src/identity/claims.js';
import { signToken, type NewToken } from '../../src/identity/sign-token.js';
import { createTokenVerifier } from '../../src/identity/token-verifier.js';

const SECRET = 'a secret of the tests';

async function principal(token: NewToken, { tenantClaim = 'tenant_id', issuer = null as string | null } = {}) {
  const rules = { tenantClaim, issuer, audience: issuer };
  const verify = createTokenVerifier({ keys: { kind: 'secret', secret: SECRET }, rules, clock: Date.now });
  return principalOf(await verify(signToken(SECRET, rules, token)), tenantClaim);
}

describe('a signed token', () => {
  it('says what it was made of', async () => {
    const made = { user: 'ada', tenant: 'acme', name: 'Ada', roles: ['admin', 'publisher'], ttlSeconds: 60 };
    const { expiresAt, ...rest } = await principal(made);
    expect(rest).toEqual({
      tenant: 'acme',
      userId: 'ada',
      name: 'Ada',
      roles: new Set(['admin', 'publisher']),
      keyId: null,
    });
    expect(Math.abs(Number(expiresAt) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  it('needs no more than a user', async () => {
    expect(await principal({ user: 'ada', ttlSeconds: null })).toMatchObject({ tenant: 'default', expiresAt: null });
  });

  it('has what the rules of the server ask for', async () => {
    const token = { user: 'ada', tenant: 'acme', ttlSeconds: 60 };
    expect(await principal(token, { tenantClaim: 'org_id', issuer: 'us' })).toMatchObject({ tenant: 'acme' });
  });
});
