// Every payload that Octokit has collected, over the real server: each becomes one event, and one that comes twice too.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import type { PlainClient } from '../support/plain-client.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { realPayload, realPayloads, type Payload, type RealPayload } from '../support/github-payloads.js';
import { deliver, webhookSecret } from '../support/github-webhook.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { allDeliveries } from './all-deliveries.js';

let database: TestDatabase;
let server: ServerProcess;
let admin: Caller;
let listener: PlainClient;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, GITHUB_WEBHOOK_SECRET: webhookSecret } });
  admin = callerAt(server.url, { user: 'ada', tenant: 'acme', roles: ['admin'] });
  listener = await admin.listen();
}, 60_000);
afterAll(async () => {
  listener.close();
  await server.stop();
  await database.drop();
});

const addressOf = ({ repository }: Payload) =>
  typeof repository === 'object' && repository !== null && 'html_url' in repository
    ? String(repository.html_url)
    : null;

/** One project a repository, each address in another form than GitHub's payloads have it. */
async function makeProjects(): Promise<Map<string, string>> {
  const projects = new Map<string, string>();
  for (const { payload } of realPayloads) {
    const address = addressOf(payload);
    if (address === null || projects.has(address)) continue;
    const id = randomUUID();
    const path = new URL(address).pathname.slice(1);
    const form = projects.size % 2 ? `git@github.com:${path.toUpperCase()}.git` : `https://www.github.com/${path}/`;
    expect((await admin.post('/projects', { id, name: path, repository_url: form })).status).toBe(201);
    expect(await listener.ask('subscribe', { room: `project:${id}` })).toMatchObject({ status: 'success' });
    projects.set(address, id);
  }
  return projects;
}

/** What the contract says a delivery becomes: by event and action, or by the event alone. */
const names: Readonly<Record<string, string>> = {
  pull_request: 'pr.updated',
  'pull_request opened': 'pr.created',
  'pull_request closed': 'pr.closed',
  issues: 'issue.updated',
  push: 'push.received',
  'pull_request_review submitted': 'review.submitted',
  'issue_comment created': 'comment.created',
  'pull_request_review_comment created': 'comment.created',
  'commit_comment created': 'comment.created',
  'discussion_comment created': 'comment.created',
  'check_run completed': 'check.completed',
  'check_suite completed': 'check.completed',
  'workflow_run completed': 'build.completed',
  'release published': 'release.published',
};

function nameOf({ event, payload }: RealPayload): string {
  return names[`${event} ${String(payload.action)}`] ?? names[event] ?? 'github.received';
}

/** That a project was made is told to its room too, before or after the listener is there. */
const told = () => listener.heard.filter(({ data }) => data.project_name === undefined && 'project_id' in data);

it('every real payload, sent twice, is accepted and becomes one event, in order', async () => {
  const projects = await makeProjects();
  const expected: { event: string; project: string }[] = [];
  for (const real of realPayloads) {
    const { event, payload } = real;
    const call = { event, payload, deliveryId: randomUUID(), form: expected.length % 3 === 0 };
    const [first, second] = [await deliver(server.url, call), await deliver(server.url, call)];
    expect(first).toEqual({ status: 202, id: expect.any(String), duplicate: false });
    expect(second).toEqual({ status: 202, id: first.id, duplicate: true });
    const project = projects.get(addressOf(payload) ?? '');
    if (project !== undefined && event !== 'ping') expected.push({ event: nameOf(real), project });
  }
  await eventually(() => expect(told().length).toBeGreaterThanOrEqual(expected.length), { withinMs: 60_000 });
  for (const project of projects.values()) {
    const heard = told().filter(({ data }) => data.project_id === project);
    const meant = expected.filter((each) => each.project === project);
    expect(heard.map(({ event }) => event)).toEqual(meant.map(({ event }) => event));
  }
  expect(told()).toHaveLength(expected.length);

  const statuses = realPayloads.map(({ event, payload }) =>
    event === 'ping' || addressOf(payload) !== null ? 'done' : 'unmatched',
  );
  await eventually(async () => {
    const deliveries = await allDeliveries(admin);
    expect(deliveries.map(({ status }) => status)).toEqual(statuses);
  });
  expect(statuses).toHaveLength(329);
}, 180_000);

const pullRequest = { pr_id: '279147437', number: 2, author: 'Codertocat', branch: 'changes' };
const commit = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';

it.each([
  [
    'pr.created',
    { ...pullRequest, status: 'open', action: 'opened', title: 'Update the README with new information.' },
  ],
  ['pr.updated', { ...pullRequest, status: 'open', action: 'assigned' }],
  ['pr.closed', { ...pullRequest, status: 'closed', action: 'closed' }],
  ['issue.updated', { issue_id: '444500041', number: 1, status: 'open', priority: null, assigned_to: 'Codertocat' }],
  [
    'push.received',
    { ref: 'refs/tags/simple-tag', after: commit, commit_count: 0, pusher: 'Codertocat', forced: false },
  ],
  ['review.submitted', { pr_id: '279147437', number: 2, reviewer: 'Codertocat', state: 'commented' }],
  ['comment.created', { comment_id: '33548674', target: 'commit', author: 'Codertocat' }],
  ['check.completed', { check_id: '128620228', kind: 'check_run', name: 'Octocoders-linter', conclusion: 'failure' }],
  ['build.completed', { run_id: '1589141559', name: 'Manually triggered workflow', number: 36, branch: 'main' }],
  ['release.published', { release_id: '17372790', tag: '0.0.1', prerelease: false, author: 'Codertocat' }],
  ['github.received', { github_event: 'branch_protection_rule', action: 'edited', sender: 'Codertocat' }],
])('the first %s of the real payloads tells what it is about', (name, data) => {
  expect(told().find(({ event }) => event === name)?.data).toMatchObject(data);
});

it('a merged pull request is pr.merged and nothing else', async () => {
  const id = randomUUID();
  await admin.post('/projects', { id, name: 'Merged', repository_url: 'https://github.com/acme/merged' });
  await listener.ask('subscribe', { room: `project:${id}` });
  const closed = realPayload('pull_request', 'closed');
  const payload = {
    ...closed,
    pull_request: Object.assign({}, closed.pull_request, { merged: true }),
    repository: { html_url: 'https://github.com/acme/merged' },
  };
  await deliver(server.url, { event: 'pull_request', payload });
  const of = () => told().filter(({ data }) => data.project_id === id);
  await eventually(() => expect(of()).toHaveLength(1));
  expect(of()[0]).toMatchObject({ event: 'pr.merged', data: { pr_id: '279147437', number: 2, status: 'merged' } });
});

it('a replay is told anew', async () => {
  const id = randomUUID();
  await admin.post('/projects', { id, name: 'Replayed', repository_url: 'https://github.com/acme/replayed' });
  await listener.ask('subscribe', { room: `project:${id}` });
  const payload = { action: 'created', repository: { html_url: 'https://github.com/acme/replayed' } };
  const { id: delivery } = await deliver(server.url, { event: 'star', payload });
  const of = () => told().filter(({ data }) => data.project_id === id);
  await eventually(() => expect(of()).toHaveLength(1));
  expect((await admin.post(`/github/deliveries/${String(delivery)}/replay`)).status).toBe(202);
  await eventually(() => expect(of()).toHaveLength(2));
});
