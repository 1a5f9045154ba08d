// Requests to the API and the webhook, good ones and all others.
import { agentStatusChanged, aiSuggestion, workflowProgress } from '@roomcast/protocol';
import { goodEvent } from './commands.js';
import type { Input } from './input.js';

export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Where a request may go, with a body that would be taken there. */
const routes: readonly [method: string, path: string, body?: (input: Input) => unknown][] = [
  ['POST', '/projects', (input) => ({ name: 'Atlas', repository_url: 'https://github.com/a/b', id: idOf(input) })],
  ['GET', '/projects'],
  ['GET', '/projects/:id'],
  ['PATCH', '/projects/:id', () => ({ name: 'Other', status: 'archived' })],
  ['PUT', '/projects/:id', () => ({ repository_url: null })],
  ['DELETE', '/projects/:id'],
  ['GET', '/agents'],
  ['PUT', '/agents/:id/status', () => agentStatusChanged.example],
  ['POST', '/notifications', () => ({ user_id: 'fuzz', title: 't', message: 'm', level: 'info', link: '/x' })],
  ['GET', '/notifications'],
  ['POST', '/notifications/:id/read'],
  ['POST', '/suggestions', (input) => ({ ...aiSuggestion.example, suggestion_id: idOf(input) })],
  ['GET', '/suggestions'],
  ['POST', '/events', goodEvent],
  ['POST', '/events', (input) => ({ events: Array.from({ length: input.random.below(5) }, () => goodEvent(input)) })],
  ['GET', '/rooms/:room/events'],
  ['GET', '/users/:id'],
  ['PATCH', '/users/:id', (input) => ({ active: input.random.chance(0.5) })],
  ['POST', '/api-keys', () => ({ name: 'ci', roles: ['publisher'], expires_at: '2040-01-01T00:00:00.000Z' })],
  ['GET', '/api-keys'],
  ['DELETE', '/api-keys/:id'],
  ['POST', '/workflows', (input) => ({ name: 'analysis', input: {}, id: idOf(input), project_id: '42' })],
  ['GET', '/workflows'],
  ['GET', '/workflows/:id'],
  ['POST', '/workflows/:id/cancel'],
  ['POST', '/workflows/:id/progress', () => workflowProgress.example],
  ['GET', '/stats'],
  ['GET', '/github/deliveries'],
  ['POST', '/github/deliveries/:id/replay'],
];
const QUERIES = [
  'limit',
  'cursor',
  'after',
  'epoch',
  'project_id',
  'status',
  'unread',
  'token',
  '__proto__',
  'after[]',
  'x',
];

const idOf = ({ random }: Input) => `id-${random.below(30)}`;

/** @param token that a request is mostly made with */
export function fuzzRequest(input: Input, token: string): FuzzRequest {
  const { random } = input;
  if (random.chance(0.1)) return webhookCall(input);
  const [method, path, body] = random.pick(routes);
  const good = body?.(input);
  return {
    method,
    path: `/api/v1${path.replace(/:\w+/, () => segment(input))}${query(input)}`,
    headers: {
      ...(random.chance(0.95) ? { authorization: `Bearer ${token}` } : {}),
      ...(random.chance(0.2) ? { 'idempotency-key': printable(input) } : {}),
      ...(random.chance(0.1) ? { 'x-request-id': printable(input) } : {}),
      'content-type': random.pick(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x']),
    },
    ...(method === 'GET' ? {} : { body: bodyOf(input, good) }),
  };
}

function bodyOf(input: Input, good: unknown): string {
  const { random } = input;
  const text = JSON.stringify(random.chance(0.4) ? (good ?? {}) : input.mutated(good));
  return random.chance(0.15) ? input.damaged(text) : text;
}

function segment(input: Input): string {
  const { random } = input;
  if (random.chance(0.5)) return random.pick(['42', 'other', 'a', 'global', 'project:42', idOf(input)]);
  return encoded(input) || 'x';
}

function query(input: Input): string {
  const { random } = input;
  const pair = () => `${random.pick(QUERIES)}=${encoded(input)}`;
  return random.chance(0.5) ? '' : `?${Array.from({ length: 1 + random.below(3) }, pair).join('&')}`;
}

/** What an address may hold at all: halves of characters are replaced. */
function encoded(input: Input): string {
  return encodeURIComponent(Buffer.from(input.text().slice(0, 300)).toString());
}

/** What a header may hold at all. */
function printable(input: Input): string {
  return (
    input
      .text()
      .replace(/[^\x21-\x7e]/g, '')
      .slice(0, 500) || 'x'
  );
}

function webhookCall(input: Input): FuzzRequest {
  const { random } = input;
  const payload = {
    action: 'opened',
    repository: { full_name: 'a/b', html_url: 'https://github.com/a/b', owner: { login: 'a' } },
    pull_request: { number: 1, title: 't', state: 'open', user: { login: 'a' }, head: { ref: 'x' }, merged: false },
    sender: { login: 'a' },
  };
  return {
    method: 'POST',
    path: '/webhooks/github',
    headers: {
      'content-type': random.pick(['application/json', 'application/x-www-form-urlencoded', 'x']),
      'x-github-event': random.chance(0.8) ? random.pick(['pull_request', 'push', 'issues', 'ping']) : printable(input),
      'x-github-delivery': printable(input).slice(0, 100),
    },
    body: bodyOf(input, payload),
  };
}
