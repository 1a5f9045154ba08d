// Tokens for the servers that tests start: signed with the secret that tests/support/server-process.ts gives them.
import { createHmac } from 'node:crypto';

export const testSecret = 'a secret of the tests, and of nothing else';

/** Who a token is for. `expiresInSeconds` (3,600) may be negative: the token has expired. */
export interface TokenFor {
  user: string;
  name?: string;
  tenant?: string;
  roles?: string[];
  expiresInSeconds?: number;
}

/** @returns a JWT (HS256) as a platform's own login would issue it */
export function testToken({ user, name, tenant, roles, expiresInSeconds = 3600 }: TokenFor): string {
  const issued = Math.floor(Date.now() / 1000);
  const claims = { sub: user, name, tenant_id: tenant, roles, iat: issued, exp: issued + expiresInSeconds };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', testSecret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
