// From the claims of a checked token to the principal. What a token says about rights and tenant is taken as it is;
// what does not fit the platform's ids is refused, because rooms and rows are named by them.
import { id, RoomcastError } from '@roomcast/protocol';
import { z } from 'zod';
import { roleSet, type Principal } from './principal.js';

/** The tenant of tokens that name none. */
const DEFAULT_TENANT = 'default';

const NAME_LENGTH = 256;
/** Seconds since the epoch up to which a Date can tell the time. */
const LAST_SECOND = 8.64e12;

/** Some issuers write ids as numbers. */
const claimedId = z.union([id, z.int().nonnegative().transform(String)]);

const claims = z.looseObject({
  sub: claimedId,
  exp: z.number().max(LAST_SECOND).optional(),
  name: z.unknown().optional(),
  roles: z.unknown().optional(),
});

/**
 * @param payload the claims of a token whose signature is checked
 * @param tenantClaim the claim that names the tenant; absent or null means `default`
 * @throws RoomcastError `unauthorized` when `sub` or the tenant is missing or no id
 */
export function principalOf(payload: unknown, tenantClaim: string): Principal {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw new RoomcastError('unauthorized', "The token's sub is missing or takes another form.");
  const { sub, exp, name, roles } = parsed.data;
  return {
    tenant: tenantOf(parsed.data, tenantClaim),
    userId: sub,
    name: nameOf(name),
    roles: roleSet(rolesOf(roles)),
    keyId: null,
    expiresAt: exp === undefined ? null : new Date(exp * 1_000),
  };
}

function tenantOf(payload: Record<string, unknown>, claim: string): string {
  const value = Object.hasOwn(payload, claim) ? (payload[claim] ?? DEFAULT_TENANT) : DEFAULT_TENANT;
  const tenant = claimedId.safeParse(value);
  if (!tenant.success) throw new RoomcastError('unauthorized', `The token's ${claim} takes another form.`);
  return tenant.data;
}

// A name is shown and stored: no control characters (Postgres takes no NUL), no half of a surrogate pair.
function nameOf(name: unknown): string | null {
  if (typeof name !== 'string') return null;
  const shown = name
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, NAME_LENGTH);
  return Buffer.from(shown, 'utf8').toString('utf8') || null;
}

function rolesOf(roles: unknown): unknown[] {
  if (typeof roles === 'string') return roles.split(/\s+/);
  return Array.isArray(roles) ? roles : [];
}
