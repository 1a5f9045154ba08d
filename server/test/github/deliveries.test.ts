import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { eventually } from '../../../tests/support/eventually.js';
import { startGitHub, type Emitting, type GitHubServer } from './github-server.js';
import { realPayload } from '../../../tests/support/github-payloads.js';

const secrets = [
  { tenant: 'acme', secret: 'of acme' },
  { tenant: 'globex', secret: 'of globex' },
  { tenant: 'acme', secret: 'of both' },
  { tenant: 'globex', secret: 'of both' },
  { tenant: null, secret: 'of all' },
];
const star = (name: string, number = 0) => ({
  event: 'star',
  payload: {
    action: 'created',
    repository: { html_url: `https://github.com/acme/${name}` },
    sender: { login: `fan-${String(number)}` },
  },
});

let github: GitHubServer;
beforeAll(async () => {
  github = await startGitHub({ secrets });
});
beforeEach(() => github.reset());
afterAll(() => github.close());

const admin = (tenant: string) => ({ tenant });
const replay = (id: unknown, tenant: string) =>
  github.call('POST', `/github/deliveries/${String(id)}/replay`, admin(tenant));
const senders = async (tenant: string) => (await github.events(tenant)).map(({ data }) => data.sender);

async function threeTenants() {
  for (const tenant of ['acme', 'globex', 'initech']) await github.project('https://github.com/acme/api', tenant);
}

async function reached() {
  const counts = ['acme', 'globex', 'initech'].map(async (tenant) => (await github.events(tenant)).length);
  return Promise.all(counts);
}

describe('a secret', () => {
  it.each([
    ['of acme', [1, 0, 0]],
    ['of globex', [0, 1, 0]],
    ['of both', [1, 1, 0]],
    ['of all', [1, 1, 1]],
  ])('%s reaches the projects of its tenants only', async (secret, expected) => {
    await threeTenants();
    await github.deliver({ ...star('api'), secret });
    await github.processed();
    expect(await reached()).toEqual(expected);
  });

  it('of one tenant cannot take the place of a delivery of another one', async () => {
    await threeTenants();
    const call = { ...star('api'), deliveryId: 'the-same' };
    await github.deliver({ ...call, secret: 'of globex' });
    const { body } = await github.deliver({ ...call, secret: 'of acme' });
    expect(body.duplicate).toBe(false);
    await github.processed();
    expect(await reached()).toEqual([1, 1, 0]);
  });
});

describe('GET /github/deliveries', () => {
  it('lists what came, the newest first', async () => {
    await github.project('https://github.com/Codertocat/Hello-World', 'acme');
    const issue = await github.deliver({
      event: 'issues',
      payload: realPayload('issues', 'opened'),
      deliveryId: 'one',
      hookId: '7',
      secret: 'of acme',
    });
    const push = await github.deliver({ event: 'push', payload: realPayload('push'), secret: 'of acme' });
    await github.processed();
    expect(await github.listed('acme')).toEqual([
      expect.objectContaining({ id: push.body.id, github_event: 'push', action: null }),
      {
        id: issue.body.id,
        hook_id: '7',
        delivery_id: 'one',
        github_event: 'issues',
        action: 'opened',
        repository: 'github.com/codertocat/hello-world',
        status: 'done',
        attempts: 1,
        last_error: null,
        replays: 0,
        received_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        processed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    ]);
  });

  it('comes in pages', async () => {
    const sent: unknown[] = [];
    for (let number = 0; number < 7; number += 1) {
      sent.unshift((await github.deliver({ ...star('api', number), secret: 'of acme' })).body.id);
    }
    const seen: unknown[] = [];
    let path = '/github/deliveries?limit=3';
    for (let pages = 0; pages < 3; pages += 1) {
      const { body } = await github.call('GET', path, admin('acme'));
      seen.push(...(body.items as { id: string }[]).map(({ id }) => id));
      path = `/github/deliveries?limit=3&cursor=${String(body.next_cursor)}`;
      if (pages === 2) expect(body.next_cursor).toBeNull();
    }
    expect(seen).toEqual(sent);
  });

  it('shows a delivery to admins of the tenants that it reached, or of its secret', async () => {
    await github.project('https://github.com/acme/api', 'acme');
    await github.project('https://github.com/acme/api', 'initech');
    const ids = new Map<string, unknown>();
    for (const { secret } of secrets) ids.set(secret, (await github.deliver({ ...star('api'), secret })).body.id);
    ids.set('nobodys', (await github.deliver({ ...star('nobodys'), secret: 'of all' })).body.id);
    await github.processed();
    const seenBy = async (tenant: string) => {
      const seen = (await github.listed(tenant)).map(({ id }) => id);
      return [...ids].filter(([, id]) => seen.includes(id)).map(([name]) => name);
    };
    expect(await seenBy('acme')).toEqual(['of acme', 'of both', 'of all', 'nobodys']);
    expect(await seenBy('globex')).toEqual(['of globex', 'of both', 'nobodys']);
    expect(await seenBy('initech')).toEqual(['of all', 'nobodys']);
    expect(await seenBy('umbrella')).toEqual(['nobodys']);
  });

  it('is for admins', async () => {
    for (const roles of [[], ['publisher' as const]]) {
      const { status, body } = await github.call('GET', '/github/deliveries', { tenant: 'acme', roles });
      expect([status, body.code]).toEqual([403, 'forbidden']);
    }
  });
});

describe('POST /github/deliveries/:id/replay', () => {
  it('processes the stored payload again and emits a new event', async () => {
    const keys: unknown[] = [];
    github.whileEmitting(({ options }: Emitting) => void keys.push(options.id));
    await github.project('https://github.com/acme/api', 'acme');
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    await github.processed();
    for (const replays of [1, 2]) {
      const answer = await replay(body.id, 'acme');
      expect([answer.status, answer.body]).toMatchObject([202, { id: body.id, status: 'pending', replays }]);
      await github.processed();
    }
    expect(await senders('acme')).toEqual(['fan-0', 'fan-0', 'fan-0']);
    expect(new Set(keys).size).toBe(3);
    expect(await github.listed('acme')).toMatchObject([{ id: body.id, status: 'done', replays: 2, attempts: 1 }]);
  });

  it('finds a project that was not there before', async () => {
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    await github.processed();
    await github.project('https://github.com/acme/api', 'acme');
    expect((await replay(body.id, 'acme')).status).toBe(202);
    await github.processed();
    expect(await senders('acme')).toEqual(['fan-0']);
    expect(await github.listed('acme')).toMatchObject([{ status: 'done' }]);
  });

  it('is told to the tenant of the one who asked, and to no other', async () => {
    await threeTenants();
    const { body } = await github.deliver({ ...star('api'), secret: 'of both' });
    await github.processed();
    await replay(body.id, 'globex');
    await github.processed();
    expect(await reached()).toEqual([1, 2, 0]);
  });

  it('comes after the deliveries of its repository that wait', async () => {
    await github.project('https://github.com/acme/api', 'acme');
    const { body } = await github.deliver({ ...star('api', 0), secret: 'of acme' });
    await github.processed();
    await github.stopProcessing();
    await github.deliver({ ...star('api', 1), secret: 'of acme' });
    await replay(body.id, 'acme');
    await github.deliver({ ...star('api', 2), secret: 'of acme' });
    const node = github.anotherNode();
    await github.processed();
    expect(await senders('acme')).toEqual(['fan-0', 'fan-1', 'fan-0', 'fan-2']);
    await node.stop();
  });

  it('of a delivery that was given up tries again', async () => {
    await github.project('https://github.com/acme/api', 'acme');
    let broken = true;
    github.whileEmitting(() => {
      if (broken) throw new Error('no luck');
    });
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    await github.processed();
    broken = false;
    await replay(body.id, 'acme');
    await github.processed();
    expect(await senders('acme')).toEqual(['fan-0']);
  });

  it('of a delivery that waits for its next attempt tries at once, and emits one event', async () => {
    await github.reset({ attempts: 5, firstMs: 600_000 });
    await github.project('https://github.com/acme/api', 'acme');
    let attempts = 0;
    github.whileEmitting(() => {
      attempts += 1;
      if (attempts === 1) throw new Error('no luck');
    });
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    await eventually(async () => (await github.listed('acme'))[0]?.last_error === 'no luck');
    expect((await replay(body.id, 'acme')).status).toBe(202);
    await github.processed();
    expect(await github.events('acme')).toHaveLength(1);
  });

  it('waits while the delivery is being replayed for another tenant', async () => {
    await threeTenants();
    const { body } = await github.deliver({ ...star('api'), secret: 'of both' });
    await github.processed();
    await github.stopProcessing();
    await replay(body.id, 'acme');
    expect((await replay(body.id, 'acme')).status).toBe(202);
    const other = await replay(body.id, 'globex');
    expect([other.status, other.body.code]).toEqual([409, 'conflict']);
  });

  it('finds nothing that the caller may not see', async () => {
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    await github.processed();
    for (const [id, tenant] of [
      [body.id, 'globex'],
      [newId(), 'acme'],
      ['no%20id', 'acme'],
    ] as const) {
      const { status, body: problem } = await replay(id, tenant);
      expect([status, problem.code]).toEqual([404, 'not_found']);
    }
  });

  it('is for admins', async () => {
    const { body } = await github.deliver({ ...star('api'), secret: 'of acme' });
    const path = `/github/deliveries/${String(body.id)}/replay`;
    const { status } = await github.call('POST', path, { tenant: 'acme', roles: ['publisher'] });
    expect(status).toBe(403);
  });
});

describe('the inbox', () => {
  it('forgets after a month what is not pending', async () => {
    await github.deliver({ ...star('old'), secret: 'of acme', deliveryId: 'old' });
    await github.deliver({ ...star('new'), secret: 'of acme', deliveryId: 'new' });
    await github.processed();
    await github.stopProcessing();
    await github.deliver({ ...star('old'), secret: 'of acme', deliveryId: 'pending' });
    await github.storage.query(
      `update github_inbox set received_at = now() - interval '31 days', due_at = now() + interval '1 hour'
       where delivery_id <> 'new'`,
    );
    const node = github.anotherNode();
    await eventually(async () => {
      const kept = (await github.listed('acme')).map(({ delivery_id }) => delivery_id);
      expect(kept).toEqual(['new', 'pending']);
    });
    await node.stop();
  });
});
