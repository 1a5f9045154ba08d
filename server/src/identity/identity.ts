// The one door of authentication: a token or an API key goes in, the principal comes out, or an error of the table.
// Whatever a credential says, the stored user or key decides: an inactive user and a revoked key are refused.
import { createHash } from 'node:crypto';
import { RoomcastError } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import type { JwtClaimRules, JwtKeySource } from '../config.js';
import type { ApiKeyRow } from './api-key-entity.js';
import { findApiKeysByHash } from './api-key-store.js';
import { createApiKeys, hashOfKey, isApiKey, type ApiKeys } from './api-keys.js';
import { asUnavailable, StorageUnavailable } from '../storage/unavailable.js';
import { createBoundedCache } from './bounded-cache.js';
import { principalOf } from './claims.js';
import { roleSet, type Principal } from './principal.js';
import type { Changed, Forget, Revoke } from './end-of-rights.js';
import { createRememberedRows } from './remembered-rows.js';
import { createSeenUsers } from './seen-users.js';
import { CLOCK_TOLERANCE_SECONDS, createTokenVerifier } from './token-verifier.js';
import { createUsers, type Users } from './users.js';

export type { Changed, Revoke };

export interface Identity {
  /**
   * Tells who holds a credential. At first sight the user's row is made; it is refreshed when the name has changed.
   * @param credential a JWT or an API key (`rc_…`), without `Bearer`
   * @throws RoomcastError `unauthorized`, `token_expired`, or `unavailable` when the database or the key set of the
   *   issuer cannot be reached
   */
  authenticate(credential: string): Promise<Principal>;

  /**
   * Drops what this node remembers of a user or key. Whatever `authenticate` answers from now on was read from now
   * on, calls under way included: where a revocation is applied, forget first and close connections then.
   */
  readonly forget: Forget;

  readonly users: Users;
  readonly apiKeys: ApiKeys;
}

export interface IdentityDeps {
  readonly dataSource: DataSource;
  readonly jwt: JwtClaimRules & { readonly keys: JwtKeySource };
  readonly revoke: Revoke;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** Longer than any honest token; what is longer is not looked at. */
const MAX_CREDENTIAL = 16_384;
const MAX_TOKENS = 20_000;
const MAX_KEYS = 1_000;
/** A checked token is checked again after this, so that a key which the issuer has withdrawn ends some time. */
const TOKEN_KEEP_MS = 600_000;
/** A row that another node has changed is believed no longer than this. */
const ROW_KEEP_MS = 1_000;
const RETRY_MS = 1_000;

export function createIdentity({ dataSource, jwt, revoke, clock = Date.now }: IdentityDeps): Identity {
  const verify = createTokenVerifier({ keys: jwt.keys, rules: jwt, clock });
  const checked = createBoundedCache<Principal>(MAX_TOKENS, clock);
  const seenUsers = createSeenUsers({ dataSource, keepMs: ROW_KEEP_MS, clock });
  const keyRows = createRememberedRows<string, ApiKeyRow>({
    keyOf: (hash) => hash,
    read: async (hashes) => {
      const rows = await findApiKeysByHash(dataSource.manager, hashes);
      return hashes.map((hash) => rows.find((row) => row.hash === hash));
    },
    keepMs: ROW_KEEP_MS,
    capacity: MAX_KEYS,
    clock,
  });

  async function checkToken(token: string): Promise<Principal> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = checked.get(hash);
    if (known) return known;
    const principal = principalOf(await verify(token), jwt.tenantClaim);
    const ends = (principal.expiresAt?.getTime() ?? Infinity) + CLOCK_TOLERANCE_SECONDS * 1_000;
    checked.set(hash, principal, Math.min(ends, clock() + TOKEN_KEEP_MS));
    return principal;
  }

  async function ofToken(token: string): Promise<Principal> {
    const principal = await checkToken(token);
    const user = await seenUsers.get({ tenant: principal.tenant, id: principal.userId, name: principal.name });
    if (!user?.active) throw new RoomcastError('unauthorized', 'The user is not active.');
    return principal.name === user.name ? principal : { ...principal, name: user.name };
  }

  async function ofKey(key: string): Promise<Principal> {
    const hash = hashOfKey(key);
    const row = hash === null ? undefined : await keyRows.get(hash);
    if (!row || row.revokedAt) throw new RoomcastError('unauthorized', 'The API key is not valid.');
    if (row.expiresAt && row.expiresAt.getTime() <= clock()) {
      throw new RoomcastError('token_expired', 'The API key has expired.');
    }
    return keyPrincipal(row);
  }

  function forget({ tenant, user, key }: Changed): void {
    if (user !== undefined) seenUsers.forget((row) => row.id === user && row.tenant === tenant);
    if (key !== undefined) keyRows.forget((row) => row.id === key && row.tenant === tenant);
  }

  return {
    async authenticate(credential) {
      if (credential.length > MAX_CREDENTIAL) throw new RoomcastError('unauthorized', 'The token is too long.');
      try {
        return await (isApiKey(credential) ? ofKey(credential) : ofToken(credential));
      } catch (error) {
        throw answerOf(error);
      }
    },
    forget,
    users: createUsers({ dataSource, revoke, forget }),
    apiKeys: createApiKeys({ dataSource, revoke, forget, clock }),
  };
}

function answerOf(error: unknown): unknown {
  const known = asUnavailable(error);
  if (!(known instanceof StorageUnavailable)) return error;
  return new RoomcastError('unavailable', undefined, { retryAfterMs: RETRY_MS, cause: known });
}

function keyPrincipal({ tenant, id, name, roles, expiresAt }: ApiKeyRow): Principal {
  return { tenant, userId: id, name, roles: roleSet(roles), keyId: id, expiresAt };
}
