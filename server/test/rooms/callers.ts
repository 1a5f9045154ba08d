// Callers with and without roles, for tests of what they may use.
import type { Principal, Role } from '../../src/identity/principal.js';

/** A user of the tenant `acme`, unless told otherwise. */
export function caller(userId: string, { tenant = 'acme', roles = [] as Role[], keyId = null as string | null } = {}) {
  const principal: Principal = { tenant, userId, name: null, roles: new Set(roles), keyId, expiresAt: null };
  return principal;
}
