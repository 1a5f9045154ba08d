import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from '../http/listening-api.js';
import { startGitHub, type GitHubServer } from './github-server.js';
import { realPayload } from '../../../tests/support/github-payloads.js';
import { signatureOf, webhookCall, webhookSecret as secret } from '../../../tests/support/github-webhook.js';

const star = realPayload('star', 'created');

describe('POST /webhooks/github', () => {
  let github: GitHubServer;
  beforeAll(async () => {
    github = await startGitHub();
  });
  afterAll(() => github.close());

  const stored = async () => (await github.storage.query('select id from github_inbox')).length;

  async function refused(init: { headers: Record<string, string>; body: string }) {
    const before = await stored();
    const { status, body, headers } = await request(`${github.url}/webhooks/github`, { method: 'POST', ...init });
    expect(headers.get('content-type')).toMatch(/problem\+json/);
    expect(await stored()).toBe(before);
    return [status, body.code];
  }

  it('answers 202 with an id, and once more the same with duplicate', async () => {
    const call = { event: 'star', payload: star, deliveryId: 'a-delivery' };
    const first = await github.deliver(call);
    expect([first.status, first.body]).toEqual([202, { id: expect.any(String), duplicate: false }]);
    const second = await github.deliver(call);
    expect([second.status, second.body]).toEqual([202, { id: first.body.id, duplicate: true }]);
  });

  it('takes a delivery once when it comes many times at the same moment', async () => {
    const call = { event: 'star', payload: star, deliveryId: 'many-at-once' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => github.deliver(call)));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ body }) => body.duplicate === false)).toHaveLength(1);
  });

  it('tells deliveries of two webhooks apart that share an id', async () => {
    const call = { event: 'star', payload: star, deliveryId: 'shared' };
    const first = await github.deliver({ ...call, hookId: '1' });
    const second = await github.deliver({ ...call, hookId: '2' });
    expect(second.body).toMatchObject({ duplicate: false });
    expect(second.body.id).not.toBe(first.body.id);
  });

  it('takes a missing webhook id for an empty one', async () => {
    const { headers, ...call } = webhookCall({ event: 'star', payload: star, deliveryId: 'no-hook', secret });
    const { 'x-github-hook-id': _hookId, ...without } = headers;
    const send = (sent: Record<string, string>) => request(`${github.url}/webhooks/github`, { ...call, headers: sent });
    expect((await send(without)).body.duplicate).toBe(false);
    expect((await send(without)).body.duplicate).toBe(true);
    expect((await send({ ...without, 'x-github-hook-id': '' })).body.duplicate).toBe(true);
    expect((await send(headers)).body.duplicate).toBe(false);
  });

  it('takes two deliveries of the same content for two', async () => {
    const first = await github.deliver({ event: 'star', payload: star });
    const second = await github.deliver({ event: 'star', payload: star });
    expect([first.body.duplicate, second.body.duplicate]).toEqual([false, false]);
  });

  it('takes the form encoding as it takes JSON', async () => {
    const payload = { ...star, note: 'Ünïcode & = + % 日本 👍' };
    const { status, body } = await github.deliver({ event: 'star', payload, form: true });
    expect(status).toBe(202);
    const [row] = await github.storage.query<{ payload: string }>('select payload from github_inbox where id = $1', [
      body.id,
    ]);
    expect(JSON.parse(row?.payload ?? '')).toEqual(payload);
  });

  it('stores text that a column could not hold', async () => {
    const payload = { action: 'x\u0000\ud800y', note: '\u0000 \ud800' };
    const { status, body } = await github.deliver({ event: 'star', payload });
    expect(status).toBe(202);
    const [row] = await github.storage.query<{ payload: string; action: string }>(
      'select payload, action from github_inbox where id = $1',
      [body.id],
    );
    expect([JSON.parse(row?.payload ?? ''), row?.action]).toEqual([payload, 'xy']);
  });

  const { headers, body } = webhookCall({ event: 'star', payload: star, secret });
  const without = (name: string) => Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name));
  const signed = (text: string, type = 'application/json') => ({
    headers: { ...headers, 'content-type': type, 'x-hub-signature-256': signatureOf(secret, text) },
    body: text,
  });

  it.each([
    ['without a signature', { headers: without('x-hub-signature-256'), body }],
    ['with the signature of another secret', webhookCall({ event: 'star', payload: star, secret: 'other' })],
    ['with the signature of another body', { headers, body: `${body} ` }],
    ['without a signature, whatever else is wrong with it', { headers: {}, body: 'nonsense' }],
  ])('refuses a delivery %s', async (_, call) => {
    expect(await refused(call)).toEqual([401, 'unauthorized']);
  });

  it.each([
    ['without an event', { headers: without('x-github-event'), body }],
    ['without a delivery id', { headers: without('x-github-delivery'), body }],
    ['with an impossible event', { headers: { ...headers, 'x-github-event': 'a b' }, body }],
    ['with an id that is too long', { headers: { ...headers, 'x-github-delivery': 'x'.repeat(201) }, body }],
    ['that is not JSON', signed('{"a":')],
    ['that is JSON but no object', signed('[1]')],
    ['that is null', signed('null')],
    ['that is empty', signed('')],
    ['whose form has no payload', signed('other=%7B%7D', 'application/x-www-form-urlencoded')],
    ['whose form has a payload that is not JSON', signed('payload=x', 'application/x-www-form-urlencoded')],
    ['of another content type', signed('{}', 'text/plain')],
    ['whose content is compressed', { headers: { ...headers, 'content-encoding': 'gzip' }, body }],
  ])('refuses a delivery %s, and does not store it', async (_, call) => {
    expect(await refused(call)).toEqual([400, 'bad_request']);
  });

  it('takes a body of 25 MB and none that is larger', async () => {
    const limit = 25 * 1024 * 1024;
    const text = (size: number) => `{"note":"${'x'.repeat(size - 11)}"}`;
    const fits = signed(text(limit));
    const { status } = await request(`${github.url}/webhooks/github`, { method: 'POST', ...fits });
    expect(status).toBe(202);
    expect(await refused(signed(text(limit + 1)))).toEqual([413, 'payload_too_large']);
  });

  it('answers nothing else at this address', async () => {
    const { status } = await fetch(`${github.url}/webhooks/github`);
    expect(status).toBe(404);
  });
});

describe('without a secret', () => {
  it('production has no webhook', async () => {
    const github = await startGitHub({ secrets: [], production: true });
    const response = await fetch(`${github.url}/webhooks/github`, webhookCall({ event: 'star', payload: star }));
    expect(response.status).toBe(404);
    await response.body?.cancel();
    await github.close();
  });

  it('a developer machine takes deliveries without a signature, for every tenant', async () => {
    const github = await startGitHub({ secrets: [] });
    const { tenant } = await github.project('https://github.com/Codertocat/Hello-World');
    const call = webhookCall({ event: 'star', payload: star });
    expect((await request(`${github.url}/webhooks/github`, call)).status).toBe(202);
    await github.processed();
    expect(await github.events(tenant)).toHaveLength(1);
    await github.close();
  });
});
