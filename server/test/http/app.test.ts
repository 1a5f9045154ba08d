import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createRootRouter } from '../../src/http/app.js';
import { listen, request, type ListeningApi } from './listening-api.js';

const stats = { node_id: 'n', connections: 2, rooms: { global: 2 }, events_emitted: 3, uptime_seconds: 4 };
let api: ListeningApi;
let problems: string[] = [];
const statsOf: string[] = [];

beforeAll(async () => {
  api = await listen({
    corsOrigins: ['https://app.example'],
    readiness: () => Promise.resolve({ ready: problems.length === 0, problems }),
    stats(tenant) {
      statsOf.push(tenant);
      return stats;
    },
  });
});
afterAll(() => api.close());

describe('the server', () => {
  it('is alive whether or not it is ready', async () => {
    problems = ['the database cannot be reached'];
    expect(await request(`${api.url}/health`)).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('is ready, or says what is not', async () => {
    problems = [];
    expect(await request(`${api.url}/ready`)).toMatchObject({ status: 200, body: { status: 'ready' } });
    problems = ['the database cannot be reached'];
    expect(await request(`${api.url}/ready`)).toMatchObject({ status: 503, body: { problems } });
  });

  it.each(['/stats', '/websocket/stats'])('tells at %s what the caller’s tenant has open', async (path) => {
    const ada = api.caller();
    expect((await ada.get(path)).body).toEqual(stats);
    expect(statsOf.at(-1)).toBe(ada.tenant);
    expect((await request(`${api.url}/api/v1${path}`)).status).toBe(401);
  });

  it('lets pages of the listed origins call, and of no others', async () => {
    const from = (origin: string, method = 'GET') => request(`${api.url}/health`, { method, headers: { origin } });
    const listed = await from('https://app.example');
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const other = await from('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('answers a preflight without a token', async () => {
    const { status, headers } = await request(`${api.url}/api/v1/projects`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
  });
});

describe('the root router', () => {
  it('passes on what is not for it, so that a host application can mount it', async () => {
    const host = express();
    host.use(createRootRouter({ readiness: () => Promise.resolve({ ready: true, problems: [] }), logger: console }));
    host.get('/own', (_req, res) => void res.json({ own: true }));
    const server = createServer(host);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    expect((await request(`${url}/own`)).body).toEqual({ own: true });
    expect((await request(`${url}/health`)).status).toBe(200);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
