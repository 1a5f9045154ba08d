// Making tokens with the platform's own secret, for development and for its own command line. In production tokens
// are made by whoever knows the users.
import { createSecretKey } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import type { JwtClaimRules } from '../config.js';

export interface NewToken {
  /** The user's id. */
  readonly user: string;
  /** Left out: the tenant `default`. */
  readonly tenant?: string | undefined;
  readonly name?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  /** Null: the token never ends. */
  readonly ttlSeconds: number | null;
}

/**
 * Makes an HS256 token that a server with the same secret and rules takes.
 * @param rules where the tenant stands in it, and the `iss` and `aud` that it needs
 */
export function signToken(secret: string, rules: JwtClaimRules, { user, tenant, name, roles, ttlSeconds }: NewToken) {
  const claims = {
    sub: user,
    ...(tenant === undefined ? {} : { [rules.tenantClaim]: tenant }),
    ...(name === undefined ? {} : { name }),
    ...(roles === undefined || roles.length === 0 ? {} : { roles }),
    ...(rules.issuer === null ? {} : { iss: rules.issuer }),
    ...(rules.audience === null ? {} : { aud: rules.audience }),
  };
  const lifetime = ttlSeconds === null ? {} : { expiresIn: ttlSeconds };
  return jsonwebtoken.sign(claims, createSecretKey(secret, 'utf8'), { algorithm: 'HS256', ...lifetime });
}
