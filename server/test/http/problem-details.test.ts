import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorTable, RoomcastError, type ErrorCode } from '@roomcast/protocol';
import { StorageUnavailable } from '../../src/storage/unavailable.js';
import { listen, request, type ListeningApi } from './listening-api.js';

let api: ListeningApi;
let thrown: unknown;
beforeAll(async () => {
  api = await listen({
    stats() {
      throw thrown;
    },
  });
});
afterAll(() => api.close());

/** The answer to a request whose handler throws this. */
function answerTo(error: unknown) {
  thrown = error;
  return api.caller().get('/stats');
}

describe('an error', () => {
  it.each(Object.keys(errorTable) as ErrorCode[])('%s is answered as the error table says', async (code) => {
    const { status, headers, body } = await answerTo(new RoomcastError(code));
    const { status: expected, retryable, sentence } = errorTable[code];
    expect(status).toBe(expected);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({ type: 'about:blank', status, code, retryable, detail: sentence });
    expect(typeof body.title).toBe('string');
  });

  it('carries its issues and when to come again', async () => {
    const issues = [{ path: 'events.3.data.title', message: 'is missing' }];
    const bad = await answerTo(new RoomcastError('bad_request', 'No.', { issues }));
    expect(bad.body).toMatchObject({ detail: 'No.', issues });
    const limited = await answerTo(new RoomcastError('rate_limited', undefined, { retryAfterMs: 1500 }));
    expect([limited.body.retry_after_ms, limited.headers.get('retry-after')]).toEqual([1500, '2']);
  });

  it('of a database that cannot be reached is unavailable, and says when to come again', async () => {
    for (const error of [new StorageUnavailable('gone'), Object.assign(new Error('no'), { code: 'ECONNREFUSED' })]) {
      const { status, headers, body } = await answerTo(error);
      expect([status, body.code, body.retryable, body.retry_after_ms]).toEqual([503, 'unavailable', true, 1000]);
      expect(headers.get('retry-after')).toBe('1');
    }
  });

  it.each([new Error('the secret of the house'), 'the secret of the house', undefined])(
    'that is not of the table (%p) is internal: the log has the cause, the caller its id',
    async (error) => {
      const { status, body } = await answerTo(error);
      expect([status, body.code]).toEqual([500, 'internal']);
      expect(JSON.stringify(body)).not.toContain('secret');
      const errorId = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(String(body.detail))?.[0];
      expect(api.log.filter((line) => line.error_id === errorId && line.path === '/api/v1/stats')).toHaveLength(1);
    },
  );
});

describe('a request', () => {
  it('for a route that does not exist is not found', async () => {
    for (const url of ['/nowhere', '/api/v2/projects']) {
      const { status, headers, body } = await request(api.url + url);
      expect([status, body.code]).toEqual([404, 'not_found']);
      expect(headers.get('content-type')).toContain('application/problem+json');
    }
    expect((await api.caller().get('/nowhere')).body.code).toBe('not_found');
  });

  it.each(['{"name": ', '"text"', 'name=Atlas', '[1', '\0'])('with the body %p is bad', async (body) => {
    const { status, body: problem } = await api.caller().post('/projects', body);
    expect([status, problem.code, problem.detail]).toEqual([400, 'bad_request', 'The body is not valid JSON.']);
  });

  it.each([undefined, [], {}])('with the body %p is bad, and the issues say what is missing', async (body) => {
    const { status, body: problem } = await api.caller().post('/projects', body);
    expect([status, problem.code]).toEqual([400, 'bad_request']);
    expect(problem.issues).toHaveLength(1);
  });

  it('is read as JSON whatever its content type says', async () => {
    const ada = api.caller();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ada.post('/projects', { name: 'Atlas' }, form)).status).toBe(201);
  });

  it('with a body over 1 MiB is too large', async () => {
    const { status, body } = await api.caller().post('/projects', { name: 'x'.repeat(1024 * 1024) });
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
  });

  it('in an unknown encoding or character set is bad', async () => {
    const ada = api.caller();
    const encoded = await ada.post('/projects', { name: 'Atlas' }, { 'content-encoding': 'rot13' });
    expect([encoded.status, encoded.body.code]).toEqual([400, 'bad_request']);
    const charset = await ada.post('/projects', { name: 'Atlas' }, { 'content-type': 'application/json; charset=x' });
    expect([charset.status, charset.body.code]).toEqual([400, 'bad_request']);
  });

  it('with a path that cannot be decoded is bad', async () => {
    const { status, body } = await api.caller().get('/projects/%E0%A4%A');
    expect([status, body.code]).toEqual([400, 'bad_request']);
  });

  it('that is broken off leaves the server answering', async () => {
    const ada = api.caller();
    await new Promise<void>((resolve) => {
      const broken = httpRequest(`${api.url}/api/v1/projects`, {
        method: 'POST',
        headers: { 'content-length': '100' },
      });
      broken.on('error', () => undefined).on('close', () => resolve());
      broken.write('{', () => broken.destroy());
    });
    expect((await ada.get('/projects')).status).toBe(200);
  });
});
