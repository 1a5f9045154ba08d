import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/config.js';
import { principalOf } from '../../src/identity/claims.js';
import { jwtKeys } from '../../src/identity/development-secret.js';
import { createTokenVerifier } from '../../src/identity/token-verifier.js';
import { run } from './running.js';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'roomcast-cli-'));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

/** Who a server with these settings takes the token for. */
async function principal(token: string | undefined, env: Record<string, string>) {
  const config = parseConfig(env);
  const verify = createTokenVerifier({ keys: await jwtKeys(config), rules: config.jwt, clock: Date.now });
  return principalOf(await verify(token ?? ''), config.jwt.tenantClaim);
}

describe('roomcast token', () => {
  it('makes a token that a server with the same secret takes', async () => {
    const env = {
      JWT_SECRET: 'a secret of the tests',
      JWT_TENANT_CLAIM: 'org_id',
      JWT_ISSUER: 'us',
      JWT_AUDIENCE: 'it',
    };
    const args = ['token', '--user', 'ada', '--tenant', 'acme', '--name', 'Ada', '--roles', 'admin, publisher'];
    const { code, printed, noted } = await run(args, env);
    expect([code, printed.length, noted]).toEqual([0, 1, '']);
    const { expiresAt, ...rest } = await principal(printed[0], env);
    expect(rest).toEqual({
      tenant: 'acme',
      userId: 'ada',
      name: 'Ada',
      roles: new Set(['admin', 'publisher']),
      keyId: null,
    });
    expect(Math.abs(Number(expiresAt) - Date.now() - 86_400_000)).toBeLessThan(5_000);
  });

  it('makes one with the development secret of the data directory, before the server or after it', async () => {
    const env = { DATA_DIR: dataDir };
    const { printed } = await run(['token', '--user', 'ada'], env);
    expect(await principal(printed[0], env)).toMatchObject({ userId: 'ada', tenant: 'default', roles: new Set() });
  });

  it.each([
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['30d', 2_592_000],
  ])('that lasts %s', async (ttl, seconds) => {
    const env = { DATA_DIR: dataDir };
    const { printed } = await run(['token', '--user', 'ada', '--ttl', ttl], env);
    const { expiresAt } = await principal(printed[0], env);
    expect(Math.abs(Number(expiresAt) - Date.now() - seconds * 1_000)).toBeLessThan(5_000);
  });

  it('that never ends', async () => {
    const env = { DATA_DIR: dataDir };
    const { printed } = await run(['token', '--user', 'ada', '--ttl', 'never'], env);
    expect(await principal(printed[0], env)).toMatchObject({ expiresAt: null });
  });

  it.each([
    [[], '--user is needed'],
    [['--user', 'a b'], '--user holds "a b"; it takes 1–128 characters'],
    [['--user', 'ada', '--tenant', ''], '--tenant holds ""; it takes 1–128 characters'],
    [['--user', 'ada', '--roles', 'owner'], '--roles holds "owner"; it takes publisher and admin'],
    [['--user', 'ada', '--ttl', 'soon'], '"soon" is no duration'],
    [['--user', 'ada', '--ttl', '0s'], '"0s" is no duration'],
    [['--user', 'ada', '--ttl', '99999999d'], '"99999999d" is no duration'],
    [['--user', 'ada', 'bob'], '"bob" belongs to no option'],
    [['--user', 'ada', '--admin'], "Unknown option '--admin'"],
  ])('%j is a wrong call: it says why and how', async (args, reason) => {
    const { code, printed, noted } = await run(['token', ...args], { DATA_DIR: dataDir });
    expect([code, printed]).toEqual([2, []]);
    expect(noted).toContain(reason);
    expect(noted).toContain('roomcast token --user <id>');
  });

  it('makes none where an issuer does', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const issuers: [string, string][] = [
      ['JWT_PUBLIC_KEY', pem],
      ['JWT_JWKS_URL', 'https://login.example.com/keys'],
    ];
    for (const [name, value] of issuers) {
      const { code, printed, noted } = await run(['token', '--user', 'ada'], { [name]: value });
      expect([code, printed]).toEqual([1, []]);
      expect(noted).toContain(`${name} is set`);
    }
  });

  it('says what is wrong with the settings in one line', async () => {
    const { code, noted } = await run(['token', '--user', 'ada'], { NODE_ENV: 'production' });
    expect([code, noted.split('\n').length]).toEqual([1, 1]);
    expect(noted).toContain('JWT_SECRET');
  });
});

describe('roomcast', () => {
  it('start makes the process the server, and takes no arguments', async () => {
    expect(await run(['start'])).toEqual({ code: 0, printed: [], noted: '', started: 1 });
    expect(await run(['start', '8000'])).toMatchObject({ code: 2, started: 0 });
  });

  it.each([[[]], [['--help']], [['help']]])('%j lists the commands', async (args) => {
    const { code, printed } = await run(args);
    expect(code).toBe(0);
    expect(printed.join()).toMatch(/token +Makes a token/);
    expect(printed.join()).toMatch(/api-key +Makes, lists and revokes/);
  });

  it('tells how a command is called', async () => {
    const { code, printed } = await run(['api-key', '--help']);
    expect(code).toBe(0);
    expect(printed.join()).toContain('roomcast api-key revoke <id>');
  });

  it.each(['tokens', 'constructor', '__proto__'])('does not know "%s" and lists what it knows', async (name) => {
    const { code, noted } = await run([name]);
    expect(code).toBe(2);
    expect(noted).toMatch(new RegExp(`There is no command "${name}"[^]*token +Makes`));
  });
});
