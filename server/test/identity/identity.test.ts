// Identity on the real database: who is let in, what is written for it, and how fast a right ends.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RoomcastError, type ErrorCode } from '@roomcast/protocol';
import { testDatabase, type TestDatabase } from '../../../tests/support/database.js';
import { ApiKeyEntity } from '../../src/identity/api-key-entity.js';
import { createIdentity, type Identity, type Revoke } from '../../src/identity/identity.js';
import type { Principal } from '../../src/identity/principal.js';
import { signToken, type NewToken } from '../../src/identity/sign-token.js';
import { UserEntity, type UserRow } from '../../src/identity/user-entity.js';
import { ensureUser } from '../../src/identity/user-store.js';
import { migrations } from '../../src/storage/migrations.js';
import { createStorage, type Storage } from '../../src/storage/storage.js';
import { inTransaction } from '../../src/storage/transaction.js';

const SECRET = 'a secret of the tests';
const rules = { tenantClaim: 'tenant_id', issuer: null, audience: null };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let database: TestDatabase;
let storage: Storage;
let tenants = 0;
let tenant: string;
let now: number;
let revoked: unknown[];

beforeAll(async () => {
  database = await testDatabase();
  storage = await createStorage({ ...database, entities: [UserEntity, ApiKeyEntity], migrations, logger: quiet });
}, 60_000);

afterAll(async () => {
  await storage.close();
  await database.drop();
});

beforeEach(() => {
  tenants += 1;
  tenant = `tenant-${tenants}`;
  now = Date.now();
  revoked = [];
});

const noteRevocation: Revoke = (manager, revocation) => {
  expect(manager.queryRunner?.isTransactionActive).toBe(true);
  revoked.push(revocation);
  return Promise.resolve();
};

function node(revoke: Revoke = noteRevocation, { dataSource } = storage): Identity {
  const jwt = { ...rules, keys: { kind: 'secret' as const, secret: SECRET } };
  return createIdentity({ dataSource, jwt, revoke, clock: () => now });
}

function token(claims: Partial<NewToken> & { user: string }): string {
  return signToken(SECRET, rules, { tenant, ttlSeconds: 3_600, ...claims });
}

function caller(roles: Principal['roles'], userId = 'root'): Principal {
  return { tenant, userId, name: null, roles, keyId: null, expiresAt: null };
}

const admin = () => caller(new Set(['admin']));
const member = (userId?: string) => caller(new Set(), userId);

function rows(): Promise<UserRow[]> {
  return storage.dataSource.manager.find(UserEntity, { where: { tenant }, order: { id: 'ASC' } });
}

async function codeOf(outcome: Promise<unknown>): Promise<ErrorCode | 'accepted'> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof RoomcastError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** The version of a row: a write gives it another one, even a write that changes nothing. */
async function rowVersion(user: string): Promise<unknown> {
  const sql = 'select xmin::text from users where tenant = $1 and id = $2';
  return storage.query(sql, [tenant, user]);
}

describe('a token', () => {
  it('is its user, whose row is made at first sight', async () => {
    const principal = await node().authenticate(token({ user: 'ada', name: 'Ada', roles: ['publisher'] }));
    expect(principal).toMatchObject({ tenant, userId: 'ada', name: 'Ada', keyId: null });
    expect([...principal.roles]).toEqual(['publisher']);
    expect(await rows()).toEqual([{ tenant, id: 'ada', name: 'Ada', active: true, lastSeen: null }]);
  });

  it('writes nothing when the user is known as they are', async () => {
    await node().authenticate(token({ user: 'ada', name: 'Ada' }));
    const version = await rowVersion('ada');
    await node().authenticate(token({ user: 'ada', name: 'Ada' }));
    await node().authenticate(token({ user: 'ada' }));
    expect(await rowVersion('ada')).toEqual(version);
  });

  it('that tells another name refreshes the row, at once and on the same node', async () => {
    const identity = node();
    await identity.authenticate(token({ user: 'ada', name: 'Ada' }));
    expect(await identity.authenticate(token({ user: 'ada', name: 'Ada L.' }))).toMatchObject({ name: 'Ada L.' });
    expect(await rows()).toMatchObject([{ name: 'Ada L.' }]);
  });

  it('that tells no name has the one that is known', async () => {
    await node().authenticate(token({ user: 'ada', name: 'Ada' }));
    expect(await node().authenticate(token({ user: 'ada' }))).toMatchObject({ name: 'Ada' });
  });

  it('may come a hundred times at once, for users seen and unseen', async () => {
    const identity = node();
    const users = Array.from({ length: 100 }, (_, index) => `user-${index % 40}`);
    const principals = await Promise.all(users.map((user) => identity.authenticate(token({ user, name: user }))));
    expect(principals.map(({ userId }) => userId)).toEqual(users);
    expect(await rows()).toHaveLength(40);
  });

  it('may come to two nodes at once, in any order', async () => {
    const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
    const nodes = [node(), node()];
    const attempts = nodes.map((identity, which) => {
      const order = which === 0 ? users : users.toReversed();
      return Promise.all(order.map((user) => identity.authenticate(token({ user, name: `${user} of ${which}` }))));
    });
    expect((await Promise.all(attempts)).flat()).toHaveLength(120);
    expect(await rows()).toHaveLength(60);
  });

  it('is remembered until it ends and no longer', async () => {
    const identity = node();
    const ending = token({ user: 'ada', ttlSeconds: 60 });
    expect(await codeOf(identity.authenticate(ending))).toBe('accepted');
    now += 64_000;
    expect(await codeOf(identity.authenticate(ending))).toBe('accepted');
    now += 2_000;
    expect(await codeOf(identity.authenticate(ending))).toBe('token_expired');
  });

  it('that was remembered lends nothing to one that looks like it', async () => {
    const identity = node();
    const honest = token({ user: 'ada' });
    await identity.authenticate(honest);
    expect(await codeOf(identity.authenticate(`${honest.slice(0, -4)}AAAA`))).toBe('unauthorized');
    expect(await codeOf(identity.authenticate(honest.toLowerCase()))).toBe('unauthorized');
    expect(await codeOf(identity.authenticate(honest))).toBe('accepted');
  });

  it.each([
    ['nothing', ''],
    ['words', 'let me in'],
    ['a prefix', 'rc_'],
    ['a key that nobody made', `rc_${'x'.repeat(43)}`],
    ['longer than any token', 'x'.repeat(100_000)],
  ])('is not %s', async (_what, credential) => {
    expect(await codeOf(node().authenticate(credential))).toBe('unauthorized');
  });

  it('is unavailable, and not refused, while the database is away', async () => {
    const other = await testDatabase();
    const lost = await createStorage({ ...other, entities: [UserEntity, ApiKeyEntity], migrations, logger: quiet });
    const { authenticate } = node(noteRevocation, lost);
    expect(await codeOf(authenticate(token({ user: 'ada' })))).toBe('accepted');
    await lost.close();
    await other.drop();
    expect(await codeOf(authenticate(token({ user: 'bob' })))).toBe('unavailable');
    expect(await codeOf(authenticate(`rc_${'x'.repeat(43)}`))).toBe('unavailable');
  });
});

describe('an inactive user', () => {
  it('is refused on every node within a second, also with a token that is remembered', async () => {
    const [here, there] = [node(), node()];
    const ada = token({ user: 'ada' });
    await Promise.all([here.authenticate(ada), there.authenticate(ada)]);
    expect(await here.users.setActive(admin(), 'ada', false)).toMatchObject({ id: 'ada', active: false });
    expect(await codeOf(here.authenticate(ada))).toBe('unauthorized');
    now += 1_000;
    expect(await codeOf(there.authenticate(ada))).toBe('unauthorized');
  });

  it('is refused on another node as soon as that one has heard of it', async () => {
    const [here, there] = [node(), node()];
    const ada = token({ user: 'ada' });
    await there.authenticate(ada);
    await here.users.setActive(admin(), 'ada', false);
    there.forget({ tenant, user: 'ada' });
    expect(await codeOf(there.authenticate(ada))).toBe('unauthorized');
  });

  it('is refused at first sight when somebody has switched them off before', async () => {
    const identity = node();
    await identity.users.setActive(admin(), 'ada', false);
    expect(await codeOf(identity.authenticate(token({ user: 'ada', name: 'Ada' })))).toBe('unauthorized');
  });

  it('may come again once they are switched on', async () => {
    const identity = node();
    await identity.users.setActive(admin(), 'ada', false);
    await identity.users.setActive(admin(), 'ada', true);
    expect(await codeOf(identity.authenticate(token({ user: 'ada' })))).toBe('accepted');
  });

  it('is thrown out by the transaction that switches them off, and only then', async () => {
    const identity = node();
    await identity.users.setActive(admin(), 'ada', true);
    expect(revoked).toEqual([]);
    await identity.users.setActive(admin(), 'ada', false);
    await identity.users.setActive(admin(), 'ada', false);
    expect(revoked).toEqual([{ tenant, user: 'ada', reason: 'deactivated' }]);
  });

  it('stays active when they cannot be thrown out', async () => {
    const identity = node(() => Promise.reject(new Error('no log')));
    await identity.authenticate(token({ user: 'ada' }));
    await expect(identity.users.setActive(admin(), 'ada', false)).rejects.toThrow('no log');
    expect(await rows()).toMatchObject([{ id: 'ada', active: true }]);
  });

  it('of the same id in another tenant is somebody else', async () => {
    const identity = node();
    await identity.users.setActive(admin(), 'ada', false);
    expect(await codeOf(identity.authenticate(token({ user: 'ada', tenant: `${tenant}-other` })))).toBe('accepted');
  });
});

describe('users', () => {
  it('see themselves; admins see everybody of their tenant', async () => {
    const { authenticate, users } = node();
    await authenticate(token({ user: 'ada', name: 'Ada' }));
    const ada = { id: 'ada', name: 'Ada', active: true, last_seen: null };
    expect(await users.find(member('ada'), 'ada')).toEqual(ada);
    expect(await users.find(admin(), 'ada')).toEqual(ada);
    expect(await codeOf(users.find(member('bob'), 'ada'))).toBe('forbidden');
    expect(await codeOf(users.find(member('bob'), 'nobody'))).toBe('forbidden');
    expect(await codeOf(users.find(admin(), 'nobody'))).toBe('not_found');
    expect(await codeOf(users.find({ ...admin(), tenant: `${tenant}-other` }, 'ada'))).toBe('not_found');
  });

  it('are switched off by admins only', async () => {
    const publisher = caller(new Set(['publisher']));
    expect(await codeOf(node().users.setActive(member('ada'), 'ada', false))).toBe('forbidden');
    expect(await codeOf(node().users.setActive(publisher, 'ada', false))).toBe('forbidden');
  });

  it('who are merely named get a row without a name, which a token then completes', async () => {
    await node().authenticate(token({ user: 'ada', name: 'Ada' }));
    await inTransaction(storage.dataSource, (manager) => ensureUser(manager, tenant, 'bob', 'ada', 'bob'));
    expect(await rows()).toMatchObject([
      { id: 'ada', name: 'Ada' },
      { id: 'bob', name: null, active: true },
    ]);
    expect(await node().authenticate(token({ user: 'bob', name: 'Bob' }))).toMatchObject({ name: 'Bob' });
    expect(await rows()).toMatchObject([{ name: 'Ada' }, { name: 'Bob' }]);
  });
});

describe('an API key', () => {
  const page = { limit: 50, after: null };

  it('is shown once, stored as a hash, and is a principal of its own', async () => {
    const { authenticate, apiKeys } = node();
    const expires = new Date(now + 60_000).toISOString();
    const made = await apiKeys.create(admin(), { name: 'ci', roles: ['publisher'], expires_at: expires });
    const { key, ...shown } = made;
    expect(key).toMatch(/^rc_[A-Za-z0-9_-]{43}$/);
    expect(shown).toMatchObject({ name: 'ci', roles: ['publisher'], created_by: 'root', expires_at: expires });
    expect((await apiKeys.list(admin(), page)).items).toEqual([shown]);
    expect(JSON.stringify(await storage.query('select * from api_keys'))).not.toContain(key.slice(3));
    const principal = await authenticate(key);
    expect(principal).toEqual({
      tenant,
      userId: made.id,
      name: 'ci',
      roles: new Set(['publisher']),
      keyId: made.id,
      expiresAt: new Date(expires),
    });
    expect(await rows()).toEqual([]);
  });

  it('that is nearly one is none', async () => {
    const { authenticate, apiKeys } = node();
    const { key } = await apiKeys.create(admin(), { name: 'ci', roles: [] });
    for (const other of [`${key}x`, key.slice(0, -1), key.toUpperCase(), key.replace('rc_', 'rc-'), `${key}\n`]) {
      expect(await codeOf(authenticate(other))).toBe('unauthorized');
    }
    expect(await codeOf(authenticate(key))).toBe('accepted');
  });

  it('ends when it expires, without tolerance', async () => {
    const { authenticate, apiKeys } = node();
    const expires_at = new Date(now + 60_000).toISOString();
    const { key } = await apiKeys.create(admin(), { name: 'ci', roles: [], expires_at });
    now += 59_999;
    expect(await codeOf(authenticate(key))).toBe('accepted');
    now += 1;
    expect(await codeOf(authenticate(key))).toBe('token_expired');
  });

  it('ends at once where it is revoked, within a second elsewhere, or as soon as the other node hears of it', async () => {
    const [here, there, told] = [node(), node(), node()];
    const { key, id } = await here.apiKeys.create(admin(), { name: 'ci', roles: [] });
    await Promise.all([here, there, told].map(({ authenticate }) => authenticate(key)));
    await here.apiKeys.revoke(admin(), id);
    expect(await codeOf(here.authenticate(key))).toBe('unauthorized');
    told.forget({ tenant, key: id });
    expect(await codeOf(told.authenticate(key))).toBe('unauthorized');
    now += 1_000;
    expect(await codeOf(there.authenticate(key))).toBe('unauthorized');
  });

  it('that is revoked throws out its connections, once, and stays in the list', async () => {
    const { apiKeys } = node();
    const { id } = await apiKeys.create(admin(), { name: 'ci', roles: [] });
    await apiKeys.revoke(admin(), id);
    await apiKeys.revoke(admin(), id);
    expect(revoked).toEqual([{ tenant, key: id, reason: 'key revoked' }]);
    expect((await apiKeys.list(admin(), page)).items).toMatchObject([{ id, revoked_at: new Date(now).toISOString() }]);
  });

  it('is made, listed and revoked by admins of its tenant only', async () => {
    const { apiKeys } = node();
    const { id } = await apiKeys.create(admin(), { name: 'ci', roles: [] });
    for (const other of [member(), caller(new Set(['publisher']))]) {
      expect(await codeOf(apiKeys.create(other, { name: 'ci', roles: [] }))).toBe('forbidden');
      expect(await codeOf(apiKeys.list(other, page))).toBe('forbidden');
      expect(await codeOf(apiKeys.revoke(other, id))).toBe('forbidden');
    }
    const stranger = { ...admin(), tenant: `${tenant}-other` };
    expect(await codeOf(apiKeys.revoke(stranger, id))).toBe('not_found');
    expect((await apiKeys.list(stranger, page)).items).toEqual([]);
  });

  it('may have a chosen id, unless a key has it, or a user, for whom it would pass', async () => {
    const { apiKeys, authenticate } = node();
    await authenticate(token({ user: 'ada' }));
    expect(await apiKeys.create(admin(), { id: 'ci', name: 'ci', roles: [] })).toMatchObject({ id: 'ci' });
    expect(await codeOf(apiKeys.create(admin(), { id: 'ci', name: 'ci', roles: [] }))).toBe('conflict');
    expect(await codeOf(apiKeys.create(admin(), { id: 'ada', name: 'ci', roles: [] }))).toBe('conflict');
  });

  it('whose end has passed is not made', async () => {
    const expires_at = new Date(now).toISOString();
    const attempt = node().apiKeys.create(admin(), { name: 'ci', roles: [], expires_at });
    await expect(attempt).rejects.toMatchObject({ code: 'bad_request', issues: [{ path: 'expires_at' }] });
  });

  it('lists come in pages, newest first', async () => {
    const { apiKeys } = node();
    for (const name of ['one', 'two', 'three']) {
      now += 1;
      await apiKeys.create(admin(), { name, roles: [] });
    }
    const first = await apiKeys.list(admin(), { limit: 2, after: null });
    const second = await apiKeys.list(admin(), { limit: 2, after: first.next });
    expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([['three', 'two'], ['one']]);
    expect(second.next).toBeNull();
  });
});
