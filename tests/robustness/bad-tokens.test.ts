// A credential that is not one, by every door and in every place where one may stand: the same code everywhere, and no
// trace of it in the log.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { callerAt } from '../support/caller.js';
import { eventually } from '../support/eventually.js';
import { connectRaw, openRawSocketIo } from '../support/raw-socketio.js';
import { testSecret, testToken } from '../support/tokens.js';
import { watchServer } from './watched-server.js';

const server = watchServer();

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
const claims = { sub: 'ada', exp: inAnHour };
const hmac = (signed: string, hash: string, secret = testSecret) =>
  createHmac(hash, secret).update(signed).digest('base64url');

/** A token with a header and claims of its own, signed with the server's secret. */
function tokenWith(header: unknown, payload: unknown, hash = 'sha256'): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${hmac(signed, hash)}`;
}

const hs256 = { alg: 'HS256', typ: 'JWT' };
const good = testToken({ user: 'ada' });
const [header, payload, signature] = good.split('.');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const bySomebody = `${encode({ ...hs256, alg: 'RS256' })}.${encode(claims)}`;

const refused: [string, string, string][] = [
  ['that has expired', testToken({ user: 'ada', expiresInSeconds: -30 }), 'token_expired'],
  ['that expired at the beginning of time', tokenWith(hs256, { sub: 'ada', exp: 0 }), 'token_expired'],
  ['whose claims were changed', `${header}.${encode({ ...claims, roles: ['admin'] })}.${signature}`, 'unauthorized'],
  [
    'whose signature was changed',
    `${header}.${payload}.${signature?.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
    'unauthorized',
  ],
  ['without a signature', `${header}.${payload}.`, 'unauthorized'],
  ['that says it needs no signature', `${encode({ alg: 'none' })}.${encode(claims)}.`, 'unauthorized'],
  ['that says so in other letters', `${encode({ alg: 'nOnE' })}.${encode(claims)}.`, 'unauthorized'],
  ['that needs none, signed all the same', tokenWith({ alg: 'none' }, claims), 'unauthorized'],
  ['of another algorithm', tokenWith({ ...hs256, alg: 'HS512' }, claims, 'sha512'), 'unauthorized'],
  [
    'that brings its own key',
    `${bySomebody}.${sign('sha256', Buffer.from(bySomebody), rsa.privateKey).toString('base64url')}`,
    'unauthorized',
  ],
  [
    'of another secret',
    `${header}.${payload}.${hmac(`${header}.${payload}`, 'sha256', 'another secret')}`,
    'unauthorized',
  ],
  ['of nobody', tokenWith(hs256, { exp: inAnHour }), 'unauthorized'],
  ['of somebody who cannot be', tokenWith(hs256, { ...claims, sub: 'a/../b' }), 'unauthorized'],
  ['of a tenant that cannot be', tokenWith(hs256, { ...claims, tenant_id: 'globex/x' }), 'unauthorized'],
  ['of a tenant that is an object', tokenWith(hs256, { ...claims, tenant_id: { $ne: '' } }), 'unauthorized'],
  ['whose end is no number', tokenWith(hs256, { ...claims, exp: 'never' }), 'unauthorized'],
  ['that is not valid yet', tokenWith(hs256, { ...claims, nbf: inAnHour }), 'unauthorized'],
  ['whose claims are no object', tokenWith(hs256, 'ada'), 'unauthorized'],
  ['that is no token', 'nonsense', 'unauthorized'],
  ['of dots', '..', 'unauthorized'],
  ['as long as a frame', `${good}${'x'.repeat(10_000)}`, 'unauthorized'],
  ['that is a key which was never made', `rc_${'k'.repeat(43)}`, 'unauthorized'],
];

describe.each(refused)('a token %s', (_what, token, code) => {
  const answered = { code, retryable: code === 'token_expired' };

  it.each(['/', '/ws'] as const)('is refused on %s, wherever it stands', async (namespace) => {
    const query = `&token=${encodeURIComponent(token)}`;
    for (const options of [{ auth: { token } }, { auth: {}, query }]) {
      const connection = await server.open(openRawSocketIo(server.url, { ...options, namespace }));
      expect((await connection.greeting).data).toMatchObject(answered);
    }
  });

  it('is refused by the API, in the header and in the query', async () => {
    const status = 401;
    expect(await callerAt(server.url, token).get('/projects')).toMatchObject({ status, body: answered });
    const response = await fetch(`${server.url}/api/v1/projects?token=${encodeURIComponent(token)}`);
    expect([response.status, await response.json()]).toEqual([status, expect.objectContaining(answered)]);
  });

  it('renews nothing, and takes nothing from the connection', async () => {
    const ada = await server.open(connectRaw(server.url, good));
    expect((await ada.ask('auth.refresh', { token })).error).toMatchObject(answered);
    expect((await ada.ask('subscribe', { room: 'global' })).status).toBe('success');
  });

  it('stands nowhere in the log', async () => {
    await eventually(() => expect(server.process.logs()).toContain('/api/v1/projects'));
    const part = token.split('.').find((one) => one.length > 20 && one !== header) ?? token;
    if (part.length > 8) expect(server.process.logs()).not.toContain(part);
  });
});

describe('the credentials of a connection', () => {
  it.each([
    ['a number', { token: 7 }],
    ['an object', { token: { toString: 'ada' } }],
    ['a list', { token: [good] }],
    ['nothing', { token: null }],
    ['empty', { token: '' }],
  ])('are refused when the token is %s', async (_what, auth) => {
    const connection = await server.open(openRawSocketIo(server.url, { auth }));
    expect((await connection.greeting).data).toMatchObject({ code: 'unauthorized' });
  });

  it('that are no object are no packet of the protocol', async () => {
    const { wire } = await server.open(openRawSocketIo(server.url, { auth: [good] }));
    await wire.end;
  });

  it.each(['&token=', '&token[]=a', '&token=%00'])('are refused when the query is %s', async (query) => {
    const connection = await server.open(openRawSocketIo(server.url, { auth: {}, query }));
    expect((await connection.greeting).data).toMatchObject({ code: 'unauthorized' });
  });
});

describe('a token of another tenant', () => {
  const ofGlobex = testToken({ user: 'ada', tenant: 'globex' });

  it('opens the rooms of its own tenant under the same names, and none of this one', async () => {
    const bot = callerAt(server.url, { user: 'bot', roles: ['publisher'] });
    const ours = await server.open(connectRaw(server.url, good));
    const theirs = await server.open(connectRaw(server.url, ofGlobex));
    for (const one of [ours, theirs]) {
      expect((await one.ask('subscribe', { room: 'project:42' })).status).toBe('success');
    }
    const event = { event: 'operation.completed', data: { project_id: '42', operation: 'x', result: 1 } };
    expect((await bot.post('/events', event)).status).toBe(201);
    await eventually(() => expect(ours.events.map(({ name }) => name)).toContain('operation.completed'));
    expect((await theirs.ask('events.read', { room: 'project:42', offset: 0 })).events).toEqual([]);
    expect(theirs.events.map(({ name }) => name)).not.toContain('operation.completed');
  });

  it('renews no connection of this one, nor does one of another user', async () => {
    const ada = await server.open(connectRaw(server.url, good));
    for (const token of [ofGlobex, testToken({ user: 'bob' })]) {
      expect((await ada.ask('auth.refresh', { token })).error).toMatchObject({ code: 'forbidden', retryable: false });
    }
    expect((await ada.ask('subscribe', { room: 'user:ada' })).status).toBe('success');
    expect((await ada.ask('subscribe', { room: 'user:bob' })).error?.code).toBe('not_found');
  });
});
