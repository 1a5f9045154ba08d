import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RoomcastError } from '@roomcast/protocol';
import { roleSet, type Principal } from '../../src/identity/principal.js';
import { listen, request, type ListeningApi } from './listening-api.js';

const ada: Principal = {
  tenant: 'acme',
  userId: 'ada',
  name: null,
  roles: roleSet([]),
  keyId: null,
  expiresAt: null,
};

let api: ListeningApi;
const seen: string[] = [];
beforeAll(async () => {
  api = await listen({
    identity: {
      authenticate(token) {
        seen.push(token);
        if (token === 'good') return Promise.resolve(ada);
        if (token === 'broken') return Promise.reject(new Error('broken'));
        return Promise.reject(new RoomcastError(token === 'old' ? 'token_expired' : 'unauthorized'));
      },
    },
  });
});
afterAll(() => api.close());

const list = (query = '', headers: Record<string, string> = {}) =>
  request(`${api.url}/api/v1/projects${query}`, { headers });

describe('a caller', () => {
  it('is known by a bearer token, by a token in the query, and by the header when there are both', async () => {
    expect((await list('', { authorization: 'Bearer good' })).status).toBe(200);
    expect((await list('', { authorization: 'bearer  good ' })).status).toBe(200);
    expect((await list('?token=good')).status).toBe(200);
    expect((await list('?token=bad', { authorization: 'Bearer good' })).status).toBe(200);
  });

  it.each([
    ['no token', '', undefined],
    ['an empty token', '?token=', undefined],
    ['two tokens', '?token=good&token=good', undefined],
    ['another scheme', '', 'Basic good'],
    ['a bad token', '', 'Bearer bad'],
  ])('with %s is refused', async (_, query, authorization) => {
    const { status, headers, body } = await list(query, authorization === undefined ? {} : { authorization });
    expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer']);
  });

  it('whose token has expired is told so', async () => {
    const { status, body } = await list('', { authorization: 'Bearer old' });
    expect([status, body.code, body.retryable]).toEqual([401, 'token_expired', true]);
  });

  it('is refused before the body is read', async () => {
    const answer = await request(`${api.url}/api/v1/projects`, { method: 'POST', body: '{' });
    expect(answer.status).toBe(401);
  });

  it('leaves no trace of the token in the log', async () => {
    await list('?token=broken', { authorization: 'Bearer broken' });
    await list('?token=broken');
    expect(seen).toContain('broken');
    expect(api.log.length).toBeGreaterThan(0);
    for (const line of api.log) expect(JSON.stringify({ ...line, err: undefined })).not.toContain('broken');
  });
});
