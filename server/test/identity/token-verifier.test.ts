import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RoomcastError, type ErrorCode } from '@roomcast/protocol';
import { exportJWK, SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import type { JwtKeySource } from '../../src/config.js';
import { createTokenVerifier, type VerifyToken } from '../../src/identity/token-verifier.js';

const SECRET = 'a secret of the tests, longer than thirty-two bytes';
const NOW = Date.UTC(2026, 0, 1);
const now = NOW / 1_000;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
const ed25519 = generateKeyPairSync('ed25519');

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

interface VerifierFor {
  issuer?: string;
  audience?: string;
  clock?: () => number;
  jwksCooldownMs?: number;
}

function verifier(keys: JwtKeySource, options: VerifierFor = {}): VerifyToken {
  const { issuer = null, audience = null, clock = () => NOW, jwksCooldownMs } = options;
  return createTokenVerifier({ keys, rules: { issuer, audience }, clock, jwksCooldownMs });
}

function secretVerifier(options?: VerifierFor) {
  return verifier({ kind: 'secret', secret: SECRET }, options);
}

function keyVerifier(publicKey: KeyObject, options?: VerifierFor) {
  return verifier({ kind: 'public_key', pem: pem(publicKey) }, options);
}

function hs256(claims: object, secret = SECRET): string {
  return jsonwebtoken.sign({ iat: now, ...claims }, secret, { algorithm: 'HS256' });
}

function signed(claims: Record<string, unknown>, alg: string, key: KeyObject, kid?: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function codeOf(refused: Promise<unknown>): Promise<ErrorCode | 'accepted'> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof RoomcastError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('a secret', () => {
  it('takes a token that is signed with it', async () => {
    expect(await secretVerifier()(hs256({ sub: 'ada', exp: now + 60 }))).toMatchObject({ sub: 'ada' });
  });

  it('refuses a token of another secret', async () => {
    expect(await codeOf(secretVerifier()(hs256({ sub: 'ada' }, 'another secret')))).toBe('unauthorized');
  });

  it.each([
    ['another payload', (token: string) => token.replace(/\.[^.]+\./, `.${part({ sub: 'eve' })}.`)],
    ['another signature', (token: string) => token.slice(0, -4) + 'AAAA'],
    ['no signature', (token: string) => token.replace(/\.[^.]+$/, '.')],
    ['two parts', (token: string) => token.replace(/\.[^.]+$/, '')],
    ['four parts', (token: string) => `${token}.x`],
    ['a space', (token: string) => ` ${token}`],
    ['nothing', () => ''],
    ['words', () => 'let me in'],
  ])('refuses a token tampered with: %s', async (_what, tamper) => {
    expect(await codeOf(secretVerifier()(tamper(hs256({ sub: 'ada' }))))).toBe('unauthorized');
  });

  it.each(['none', 'None', 'NONE', ''])('refuses a token with the algorithm "%s"', async (alg) => {
    const unsigned = `${part({ alg, typ: 'JWT' })}.${part({ sub: 'ada' })}.`;
    expect(await codeOf(secretVerifier()(unsigned))).toBe('unauthorized');
    expect(await codeOf(keyVerifier(rsa.publicKey)(unsigned))).toBe('unauthorized');
  });

  it.each(['HS384', 'HS512'] as const)('refuses %s, also with the right secret', async (algorithm) => {
    expect(await codeOf(secretVerifier()(jsonwebtoken.sign({ sub: 'ada' }, SECRET, { algorithm })))).toBe(
      'unauthorized',
    );
  });
});

describe.each([
  ['RSA', 'RS256', rsa],
  ['RSA', 'RS384', rsa],
  ['RSA', 'RS512', rsa],
  ['P-256', 'ES256', p256],
  ['P-384', 'ES384', p384],
  ['P-521', 'ES512', p521],
  ['Ed25519', 'EdDSA', ed25519],
])('a public key of type %s', (_type, alg, pair) => {
  it(`takes ${alg}`, async () => {
    const token = await signed({ sub: 'ada', exp: now + 60 }, alg, pair.privateKey);
    expect(await keyVerifier(pair.publicKey)(token)).toMatchObject({ sub: 'ada' });
  });

  it(`refuses ${alg} of another key of its type`, async () => {
    const type = pair.publicKey.asymmetricKeyType;
    const other =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : type === 'ec'
          ? generateKeyPairSync('ec', { namedCurve: pair.publicKey.asymmetricKeyDetails?.namedCurve ?? '' })
          : generateKeyPairSync('ed25519');
    const token = await signed({ sub: 'ada' }, alg, other.privateKey);
    expect(await codeOf(keyVerifier(pair.publicKey)(token))).toBe('unauthorized');
  });

  it('refuses HS256 whose secret is the public key, in every form that it is published in', async () => {
    const text = pem(pair.publicKey);
    const der = pair.publicKey.export({ type: 'spki', format: 'der' });
    const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'eve' })}`;
    for (const secret of [text, text.trim(), der]) {
      const token = `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
      expect(await codeOf(keyVerifier(pair.publicKey)(token))).toBe('unauthorized');
    }
  });
});

describe('an algorithm of another type than the key', () => {
  it('is refused, whoever signed', async () => {
    expect(await codeOf(keyVerifier(rsa.publicKey)(await signed({}, 'ES256', p256.privateKey)))).toBe('unauthorized');
    expect(await codeOf(keyVerifier(rsa.publicKey)(await signed({}, 'PS256', rsa.privateKey)))).toBe('unauthorized');
    expect(await codeOf(keyVerifier(p256.publicKey)(await signed({}, 'ES384', p384.privateKey)))).toBe('unauthorized');
    expect(await codeOf(secretVerifier()(await signed({}, 'RS256', rsa.privateKey)))).toBe('unauthorized');
  });
});

// The two libraries behind the door must draw the same lines.
describe.each([
  ['a secret', secretVerifier, (claims: object) => Promise.resolve(hs256(claims))],
  [
    'a public key',
    (options?: VerifierFor) => keyVerifier(ed25519.publicKey, options),
    (claims: object) => signed({ ...claims }, 'EdDSA', ed25519.privateKey),
  ],
])('time, issuer and audience with %s', (_name, verifierWith, sign) => {
  it.each([
    [60, 'accepted'],
    [0, 'accepted'],
    [-4, 'accepted'],
    [-5, 'token_expired'],
    [-3_600, 'token_expired'],
  ])('a token that ends in %i s is %s', async (seconds, outcome) => {
    expect(await codeOf(verifierWith()(await sign({ sub: 'ada', exp: now + seconds })))).toBe(outcome);
  });

  it.each([
    [-60, 'accepted'],
    [5, 'accepted'],
    [6, 'unauthorized'],
  ])('a token that begins in %i s is %s', async (seconds, outcome) => {
    expect(await codeOf(verifierWith()(await sign({ sub: 'ada', nbf: now + seconds })))).toBe(outcome);
  });

  it('a token without an end is taken', async () => {
    expect(await codeOf(verifierWith()(await sign({ sub: 'ada' })))).toBe('accepted');
  });

  it.each([['tomorrow'], [null], [{}]])('an end of %j is unauthorized', async (exp) => {
    const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'ada', exp })}`;
    const token = `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`;
    expect(await codeOf(secretVerifier()(token))).toBe('unauthorized');
  });

  it('an expired token with a wrong signature is unauthorized', async () => {
    const token = await sign({ sub: 'ada', exp: now - 60 });
    expect(await codeOf(verifierWith()(token.slice(0, -8) + 'AAAAAAAA'))).toBe('unauthorized');
  });

  it.each([
    [{ iss: 'https://login', aud: 'rooms' }, 'accepted'],
    [{ iss: 'https://login', aud: ['other', 'rooms'] }, 'accepted'],
    [{ iss: 'https://evil', aud: 'rooms' }, 'unauthorized'],
    [{ iss: 'https://login', aud: 'other' }, 'unauthorized'],
    [{ aud: 'rooms' }, 'unauthorized'],
    [{ iss: 'https://login' }, 'unauthorized'],
  ])('of a configured issuer and audience %j is %s', async (claims, outcome) => {
    const verify = verifierWith({ issuer: 'https://login', audience: 'rooms' });
    expect(await codeOf(verify(await sign({ sub: 'ada', ...claims })))).toBe(outcome);
  });
});

describe('a key set', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map(close));
  });

  function close(server: Server): Promise<void> {
    return new Promise((resolve, reject) => {
      server.closeAllConnections();
      server.close((error) => (error ? reject(error) : resolve()));
    });
  }

  async function keySet(published: Record<string, KeyObject>, jwksCooldownMs?: number) {
    const state = { published, fetched: 0, status: 200 };
    const server = createServer((_req, res) => {
      state.fetched += 1;
      void keysOf(state.published).then((keys) => {
        res.writeHead(state.status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    return { state, server, verify: verifier({ kind: 'jwks', url }, { jwksCooldownMs }) };
  }

  function keysOf(published: Record<string, KeyObject>) {
    return Promise.all(
      Object.entries(published).map(async ([kid, key]) => ({ ...(await exportJWK(key)), kid, use: 'sig' })),
    );
  }

  it('takes tokens of each of its keys and is fetched once', async () => {
    const { state, verify } = await keySet({ one: rsa.publicKey, two: ed25519.publicKey, three: p256.publicKey });
    const tokens = await Promise.all([
      signed({ sub: 'ada' }, 'RS256', rsa.privateKey, 'one'),
      signed({ sub: 'bob' }, 'EdDSA', ed25519.privateKey, 'two'),
      signed({ sub: 'eve' }, 'ES256', p256.privateKey, 'three'),
    ]);
    expect(await Promise.all(tokens.map(verify))).toMatchObject([{ sub: 'ada' }, { sub: 'bob' }, { sub: 'eve' }]);
    expect(state.fetched).toBe(1);
  });

  it('refuses a key under the name of another, and HS256 with a public key', async () => {
    const { verify } = await keySet({ one: rsa.publicKey });
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(await codeOf(verify(await signed({}, 'RS256', other.privateKey, 'one')))).toBe('unauthorized');
    const head = `${part({ alg: 'HS256', kid: 'one' })}.${part({ sub: 'eve' })}`;
    const token = `${head}.${createHmac('sha256', pem(rsa.publicKey)).update(head).digest('base64url')}`;
    expect(await codeOf(verify(token))).toBe('unauthorized');
  });

  it('is read again for a key that it has not had, and what it then no longer has is refused', async () => {
    const { state, verify } = await keySet({ old: rsa.publicKey }, 0);
    const [old, fresh] = await Promise.all([
      signed({ sub: 'ada' }, 'RS256', rsa.privateKey, 'old'),
      signed({ sub: 'ada' }, 'EdDSA', ed25519.privateKey, 'fresh'),
    ]);
    expect([await codeOf(verify(old)), await codeOf(verify(fresh))]).toEqual(['accepted', 'unauthorized']);
    state.published = { old: rsa.publicKey, fresh: ed25519.publicKey };
    expect([await codeOf(verify(old)), await codeOf(verify(fresh))]).toEqual(['accepted', 'accepted']);
    state.published = { fresh: ed25519.publicKey, third: p256.publicKey };
    await verify(await signed({ sub: 'ada' }, 'ES256', p256.privateKey, 'third'));
    expect([await codeOf(verify(old)), await codeOf(verify(fresh))]).toEqual(['unauthorized', 'accepted']);
  });

  it('is not asked again and again for keys that it does not have', async () => {
    const { state, verify } = await keySet({ one: rsa.publicKey });
    const unknown = await Promise.all(
      Array.from({ length: 20 }, (_, index) => signed({}, 'RS256', rsa.privateKey, `unknown-${index}`)),
    );
    for (const token of unknown) expect(await codeOf(verify(token))).toBe('unauthorized');
    expect(state.fetched).toBe(1);
  });

  it('is unavailable while it cannot be read or is no key set, and taken as soon as it can', async () => {
    const { state, verify } = await keySet({ one: rsa.publicKey });
    const token = await signed({ sub: 'ada' }, 'RS256', rsa.privateKey, 'one');
    state.status = 500;
    expect(await codeOf(verify(token))).toBe('unavailable');
    state.status = 200;
    expect(await codeOf(verify(token))).toBe('accepted');
  });

  it('is unavailable when nobody answers', async () => {
    const { server, verify } = await keySet({});
    await close(server);
    servers.length = 0;
    expect(await codeOf(verify(await signed({}, 'RS256', rsa.privateKey, 'one')))).toBe('unavailable');
  });
});
