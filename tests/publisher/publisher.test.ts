// Emitting over HTTP from another program, and reporting the operations of a project from wherever they are done.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createProgressReporter, type Emitter } from '@roomcast/server';
import { createPublisher, PublishError, type Publisher } from '@roomcast/server/publisher';
import { eventually } from '../support/eventually.js';
import type { PlainClient } from '../support/plain-client.js';
import { teamAt, type Team } from '../support/team.js';
import { openHost, type Host } from '../workflows/host.js';
import { job, task } from '../workflows/jobs.js';

let host: Host;
let team: Team;
const publishers: Publisher[] = [];
const clients: PlainClient[] = [];

beforeAll(async () => {
  host = await openHost({ workflows: [task] });
}, 120_000);
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const publisher of publishers.splice(0)) await publisher.close();
});
afterAll(() => host.close());

function publisherOf(who: Team, options: { url?: string; giveUpMs?: number } = {}): Publisher {
  const publisher = createPublisher({ url: host.url, key: who.bot.credential, ...options });
  publishers.push(publisher);
  return publisher;
}

async function newTeam(...rooms: string[]): Promise<PlainClient> {
  team = teamAt(host.url);
  const client = await team.ada.listen(...rooms);
  clients.push(client);
  return client;
}

const fact = (result: unknown) => ({ project_id: '42', operation: 'test', result });
const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a publisher', () => {
  it('emits with an API key, in few requests and in order, and a retry under the same id changes nothing', async () => {
    const client = await newTeam('project:42');
    const { body } = await team.boss.post('/api-keys', { name: 'ci', roles: ['publisher'] });
    let requests = 0;
    const key = () => {
      requests++;
      return String(body.key);
    };
    const publisher = createPublisher({ url: `${host.url}/`, key });
    publishers.push(publisher);
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const receipts = await Promise.all(numbers.map((number) => publisher.emit('operation.completed', fact(number))));
    expect(requests).toBeLessThan(5);
    expect(receipts.map(({ offset }) => offset)).toEqual(numbers.map((number) => number + 1));
    await eventually(() => expect(client.facts().map(({ data }) => data.result)).toEqual(numbers));
    const [first, again] = [
      await publisher.emit('operation.completed', fact('once'), { id: 'once' }),
      await publisher.emit('operation.completed', fact('once'), { id: 'once' }),
    ];
    expect([first.duplicate, again]).toEqual([false, { ...first, duplicate: true }]);
    const other = await failure(publisher.emit('operation.completed', fact('other'), { id: 'once' }));
    expect(other).toBeInstanceOf(PublishError);
    expect(other).toMatchObject({ code: 'conflict', retryable: false });
  });

  it('rejects an event that is not taken by itself; what is emitted beside it is', async () => {
    const client = await newTeam('project:42');
    const publisher = publisherOf(team);
    const bad = { project_id: 'no id', operation: 'test', result: 2 };
    const [one, two, three, four] = await Promise.all([
      publisher.emit('operation.completed', fact(1)),
      failure(publisher.emit('operation.completed', bad)),
      publisher.emit('operation.completed', fact(3)),
      failure(
        publisher.emitAll([
          { event: 'operation.completed', data: fact(4) },
          { event: 'none', data: {} },
        ]),
      ),
    ]);
    expect([one.offset, three.offset]).toEqual([1, 2]);
    expect(two).toMatchObject({ code: 'bad_request', issues: [{ path: 'events.0.data.project_id' }] });
    expect(four).toMatchObject({ code: 'bad_request', issues: [{ path: 'events.1.event' }] });
    await publisher.flush();
    await eventually(() => expect(client.facts().map(({ data }) => data.result)).toEqual([1, 3]));
  });

  it('says at once what it may not do, and when nobody answers, after a while', async () => {
    await newTeam('global');
    const stranger = createPublisher({ url: host.url, key: team.ada.credential });
    publishers.push(stranger);
    expect(await failure(stranger.emit('operation.completed', fact(1)))).toMatchObject({ code: 'forbidden' });
    const nowhere = publisherOf(team, { url: 'http://127.0.0.1:9', giveUpMs: 300 });
    expect(await failure(nowhere.emit('operation.completed', fact(1)))).toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
    await stranger.close();
    expect(await failure(stranger.emit('operation.completed', fact(1)))).toMatchObject({ code: 'closed' });
  });

  it('waits for as long as the server says, and asks again what stands in front of it', async () => {
    const answers: [number, object][] = [
      [429, { code: 'rate_limited', retryable: true, retry_after_ms: 1 }],
      [502, {}],
      [200, { results: [{ id: 'e', stream: 'tenant', offset: 1, epoch: 'e', duplicate: false }] }],
    ];
    const bodies: string[] = [];
    const front = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (body: string) => bodies.push(body));
      request.on('end', () => {
        const [status, body] = answers.shift()!;
        response.writeHead(status, { connection: 'close' }).end(status === 502 ? '<html>' : JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as AddressInfo;
    const publisher = publisherOf(team, { url: `http://127.0.0.1:${port}` });
    expect(await publisher.emit('operation.completed', fact(1))).toMatchObject({ offset: 1 });
    expect(new Set(bodies).size).toBe(1);
    await new Promise((resolve) => front.close(resolve));
  });

  it('tells of a run of its engine; an attempt that was overtaken is told so, and tells no end', async () => {
    const client = await newTeam('project:42');
    const publisher = publisherOf(team);
    const workflowId = 'x'.repeat(128);
    const about = { workflowId, name: 'elsewhere', projectId: '42' };
    const first = publisher.run({ ...about, attempt: 1 });
    await first.started();
    await Promise.all([10, 20, 30].map((progress) => first.progress({ progress, logs: [`at ${progress}`] })));
    const second = publisher.run({ ...about, attempt: 2 });
    await second.started();
    await second.progress({ progress: 5, current_step: 'again', total_steps: 2 });
    expect(await failure(first.progress({ progress: 40 }))).toMatchObject({ code: 'conflict' });
    expect(await failure(first.completed('late'))).toMatchObject({ code: 'conflict' });
    await second.completed('done');
    await second.completed('done').catch(() => undefined);
    await eventually(() => expect(client.facts().at(-1)?.event).toBe('workflow.completed'));
    expect(client.facts().filter(({ event }) => event !== 'workflow.progress')).toMatchObject([
      { event: 'workflow.started', data: { workflow_id: workflowId, name: 'elsewhere', status: 'running' } },
      { event: 'workflow.completed', data: { status: 'completed', result: 'done' } },
    ]);
    const reports = client.facts().filter(({ event }) => event === 'workflow.progress');
    expect(reports.flatMap(({ data }) => data.logs)).toEqual(['at 10', 'at 20', 'at 30']);
    expect(reports.at(-1)?.data).toMatchObject({ progress: 100, current_step: 'again', total_steps: 2, attempt: 2 });
  });
});

describe('the four operations of a project', () => {
  async function reportAll(emitter: Emitter, tenant?: string): Promise<void> {
    const project = createProgressReporter(emitter, { tenant }).for('42');
    await project.rcAnalysis({ status: 'analyzing', progress: 40, message: 'Reading page 3' });
    await project.matching({ current_requirement: 'Encryption', requirements_completed: 1, requirements_total: 4 });
    await project.generation({
      current_section: 'Security',
      sections_completed: 2,
      sections_total: 3,
      quality_score: 0.9,
    });
    await project.documentGeneration({ status: 'rendering', progress: 80, message: 'Table of contents' });
    expect(
      await project.during('matching', async ({ matching }) => {
        await matching({ current_requirement: '', requirements_completed: 4, requirements_total: 4, progress: 99 });
        return { matched: 4 };
      }),
    ).toEqual({ matched: 4 });
    const failing = project.during('generation', () => Promise.reject(new Error('The library is empty.')));
    await expect(failing).rejects.toThrow('The library is empty.');
  }

  const expected = [
    ['rc_analysis.progress', { status: 'analyzing', progress: 40, message: 'Reading page 3' }],
    [
      'matching.progress',
      { current_requirement: 'Encryption', requirements_completed: 1, requirements_total: 4, progress: 25 },
    ],
    [
      'generation.progress',
      { current_section: 'Security', sections_completed: 2, sections_total: 3, progress: 67, quality_score: 0.9 },
    ],
    ['document_generation.progress', { status: 'rendering', progress: 80, message: 'Table of contents' }],
    ['matching.progress', { current_requirement: '', requirements_completed: 4, requirements_total: 4, progress: 99 }],
    ['operation.completed', { operation: 'matching', result: { matched: 4 } }],
    ['operation.failed', { operation: 'generation', error: 'The library is empty.' }],
  ].map(([event, data]) => [event, { project_id: '42', ...(data as object) }]);

  const heard = (client: PlainClient) =>
    client
      .facts()
      .filter(({ event }) => !event.startsWith('workflow.'))
      .map(({ event, data }) => [event, data]);

  it.each([
    ['in the process of the platform', () => reportAll(host.roomcast.broadcaster, team.tenant)],
    ['over HTTP', () => reportAll(publisherOf(team))],
    [
      'by the work of a workflow',
      async () => {
        const { tenant } = team;
        const { id } = await host.roomcast.workflows.start(task, job(reportAll), { tenant, projectId: '42' });
        expect(await host.reached({ id, tenant })).toMatchObject({ status: 'completed' });
      },
    ],
  ])('are reported %s', async (_where, report) => {
    const client = await newTeam('project:42');
    await report();
    await eventually(() => expect(heard(client)).toEqual(expected));
  });

  it('fail with the error of the work, also where nobody can be told', async () => {
    const deaf: Emitter = { emit: () => Promise.reject(new Error('nobody listens')) };
    const work = () => Promise.reject(new Error('The library is empty.'));
    await expect(createProgressReporter(deaf).for(randomUUID()).during('matching', work)).rejects.toThrow('empty');
  });
});
