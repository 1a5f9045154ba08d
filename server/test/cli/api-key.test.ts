// The command against the API as it is mounted, with the real keys behind it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { testDatabase, type TestDatabase } from '../../../tests/support/database.js';
import { parseConfig } from '../../src/config.js';
import { createApiKeysRouter } from '../../src/http/api-keys-router.js';
import { createAuthenticate } from '../../src/http/authenticate.js';
import { createErrorHandler } from '../../src/http/problem-details.js';
import { ApiKeyEntity } from '../../src/identity/api-key-entity.js';
import { jwtKeys } from '../../src/identity/development-secret.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { UserEntity } from '../../src/identity/user-entity.js';
import { createLogger } from '../../src/ops/logger.js';
import { migrations } from '../../src/storage/migrations.js';
import { createStorage, type Storage } from '../../src/storage/storage.js';
import { run } from './running.js';

const logger = createLogger('silent');
const env = { JWT_SECRET: 'a secret of the tests' };

let database: TestDatabase;
let storage: Storage;
let identity: Identity;
let server: Server;
let url: string;
let tenants = 0;
let tenant: string;

beforeAll(async () => {
  database = await testDatabase();
  storage = await createStorage({ ...database, entities: [UserEntity, ApiKeyEntity], migrations, logger });
  const config = parseConfig(env);
  const jwt = { ...config.jwt, keys: await jwtKeys(config) };
  identity = createIdentity({ dataSource: storage.dataSource, jwt, revoke: () => Promise.resolve() });
  const app = express();
  app.use('/api/v1', createAuthenticate(identity), express.json(), createApiKeysRouter(identity.apiKeys));
  app.use(createErrorHandler(logger));
  server = createServer(app);
  url = await listening(server);
}, 60_000);

afterAll(async () => {
  await close(server);
  await storage.close();
  await database.drop();
});

beforeEach(() => {
  tenants += 1;
  tenant = `tenant-${tenants}`;
});

async function listening(started: Server): Promise<string> {
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

async function close(closing: Server): Promise<void> {
  closing.closeAllConnections();
  await new Promise((resolve) => closing.close(resolve));
}

function apiKey(...args: string[]) {
  return run(['api-key', ...args, '--url', url, '--tenant', tenant], env);
}

describe('roomcast api-key', () => {
  it('makes a key that the server then takes, and prints nothing else', async () => {
    const { code, printed, noted } = await apiKey('create', '--name', 'ci', '--roles', 'publisher', '--ttl', '30d');
    expect([code, printed.length]).toEqual([0, 1]);
    expect(noted).toMatch(/^The key \S+ is shown this one time:$/);
    const principal = await identity.authenticate(printed[0] ?? '');
    expect(principal).toMatchObject({ tenant, name: 'ci', roles: new Set(['publisher']) });
    expect(Math.abs(Number(principal.expiresAt) - Date.now() - 30 * 86_400_000)).toBeLessThan(5_000);
  });

  it('lists the keys of the tenant, newest first, and revokes one', async () => {
    const [one] = (await apiKey('create', '--name', 'one', '--id', 'first')).printed;
    await apiKey('create', '--name', 'two', '--roles', 'admin,publisher', '--ttl', '1h', '--id', 'second');
    expect(await apiKey('revoke', 'first')).toMatchObject({ code: 0, printed: [], noted: 'The key first is revoked.' });
    await expect(identity.authenticate(one ?? '')).rejects.toMatchObject({ code: 'unauthorized' });
    const { printed } = await apiKey('list');
    expect(printed).toEqual([
      expect.stringMatching(/^second\ttwo\tadmin,publisher\tmade \S+Z\tuntil \S+Z$/),
      expect.stringMatching(/^first\tone\t-\tmade \S+Z\trevoked \S+Z$/),
    ]);
  });

  it('lists more keys than fit on a page', async () => {
    const admin = {
      tenant,
      userId: 'root',
      name: null,
      roles: new Set(['admin'] as const),
      keyId: null,
      expiresAt: null,
    };
    for (let count = 0; count < 201; count += 1) await identity.apiKeys.create(admin, { name: 'many', roles: [] });
    expect(new Set((await apiKey('list')).printed).size).toBe(201);
  });

  it('comes with the token or key that it is given', async () => {
    const [key] = (await apiKey('create', '--name', 'admin', '--roles', 'admin')).printed;
    const [other] = (await apiKey('create', '--name', 'none')).printed;
    const given = { JWT_JWKS_URL: 'https://login.example.com/keys', ROOMCAST_TOKEN: key ?? '' };
    expect(await run(['api-key', 'list', '--url', url], given)).toMatchObject({
      code: 0,
      printed: [/none/, /admin/].map((name) => expect.stringMatching(name)),
    });
    expect(await run(['api-key', 'list', '--url', `${url}/`, '--token', key ?? ''], {})).toMatchObject({ code: 0 });
    const refused = await run(['api-key', 'list', '--url', url, '--token', other ?? ''], given);
    expect(refused).toMatchObject({ code: 1, noted: expect.stringMatching(/\(forbidden\)$/) });
  });

  it('tells what the server complains about', async () => {
    await apiKey('create', '--name', 'one', '--id', 'first');
    const taken = await apiKey('create', '--name', 'one', '--id', 'first');
    expect(taken).toMatchObject({ code: 1, printed: [], noted: 'The id first is taken. (conflict)' });
    expect((await apiKey('revoke', 'nobody')).noted).toMatch(/\(not_found\)$/);
    const long = await apiKey('create', '--name', 'x'.repeat(300));
    expect(long.noted).toMatch(/\(bad_request\)\n {2}name: takes 1–256 characters/);
    const stranger = await run(['api-key', 'list', '--url', url], { JWT_SECRET: 'another secret' });
    expect(stranger).toMatchObject({ code: 1, noted: expect.stringMatching(/\(unauthorized\)/) });
  });

  it('says so when there is no server', async () => {
    const gone = createServer();
    const at = await listening(gone);
    await close(gone);
    const { code, noted } = await run(['api-key', 'list', '--url', at], env);
    expect(code).toBe(1);
    expect(noted).toBe(`No server answers at ${at} (ECONNREFUSED); is it started, and is --url right?`);
    const port = new URL(at).port;
    expect((await run(['api-key', 'list'], { ...env, HOST: '0.0.0.0', PORT: port })).noted).toBe(noted);
  });

  it('says so when the server is another program', async () => {
    const other = createServer((_req, res) => res.end('<html>hello</html>'));
    const at = await listening(other);
    try {
      const { code, noted } = await run(['api-key', 'list', '--url', at], env);
      expect([code, noted]).toEqual([1, `${at} answered something else than a roomcast server does`]);
    } finally {
      await close(other);
    }
  });

  it.each([
    [[], 'create, list or revoke is needed'],
    [['delete'], '"delete" is not create, list or revoke'],
    [['create'], '--name is needed'],
    [['create', 'ci'], '"ci" belongs to no option'],
    [['revoke'], 'the id of the key is needed'],
    [['revoke', 'a/b'], 'the id of the key holds "a/b"'],
    [['list', '--url', 'localhost:8000'], '--url holds "localhost:8000"; it takes the http or https address'],
    [['list', '--token', 'x', '--tenant', 'acme'], '--tenant has no effect on a token that is given'],
  ])('%j is a wrong call: it says why and how', async (args, reason) => {
    const { code, noted } = await run(['api-key', ...args], env);
    expect(code).toBe(2);
    expect(noted).toContain(reason);
    expect(noted).toContain('roomcast api-key list');
  });
});
