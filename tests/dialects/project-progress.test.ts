// Dialect 001: the progress of a project's long operations, and a user's notifications, as document 001 has them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { closeDialectClients, endAt, openDialect, type DialectClient } from '../support/dialect-client.js';
import { eventually } from '../support/eventually.js';
import { teamAt, type Team } from '../support/team.js';
import { testToken } from '../support/tokens.js';
import { openHost, type Host } from '../workflows/host.js';
import { createGate, job, task } from '../workflows/jobs.js';
import { ProjectWebSocket } from './project-web-socket.js';

const accessDenied = { code: 1008, reason: 'Access denied' };
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

let host: Host;
beforeAll(async () => {
  host = await openHost({ workflows: [task] });
}, 120_000);
afterEach(closeDialectClients);
afterAll(() => host.close());

async function project(team: Team): Promise<string> {
  const { status, body } = await team.ada.post('/projects', { name: 'Atlas' });
  expect(status).toBe(201);
  return body.id as string;
}

async function post({ bot }: Team, event: string, data: object): Promise<void> {
  expect((await bot.post('/events', { event, data })).status).toBe(201);
}

const openProject = ({ ada }: Team, id: string, prefix = '') =>
  openDialect(host.url, `${prefix}/ws/projects/${id}?token=${ada.credential}`);

describe('the client of document 001', () => {
  it('shows progress, completion and errors of its project', async () => {
    const team = teamAt(host.url);
    const id = await project(team);
    const shown: unknown[] = [];
    const ws = new ProjectWebSocket(host.url.replace('http', 'ws'), id, team.ada.credential, 50);
    const broken: string[] = [];
    await ws.connect(
      (data) => {
        switch (data.type) {
          case 'rc_analysis_progress':
            shown.push(data.progress, data.message);
            break;
          case 'generation_progress':
            shown.push(data);
            break;
          case 'completion':
            shown.push(data.operation, data.result);
            break;
          case 'error':
            shown.push(data.error);
            break;
        }
      },
      (text) => broken.push(text),
    );
    const analysis = {
      project_id: id,
      status: 'extracting_text',
      progress: 10,
      message: 'Extracting text from PDF...',
    };
    const generation = {
      project_id: id,
      current_section: 'Security',
      sections_completed: 1,
      sections_total: 4,
      progress: 25,
    };
    await post(team, 'rc_analysis.progress', analysis);
    await post(team, 'generation.progress', generation);
    await post(team, 'generation.progress', { ...generation, quality_score: 0.9 });
    await post(team, 'operation.completed', { project_id: id, operation: 'generation', result: { sections: 4 } });
    await post(team, 'operation.failed', { project_id: id, operation: 'matching', error: 'The library is empty.' });
    await eventually(() => expect(shown).toHaveLength(7));
    const told = { type: 'generation_progress', ...generation, timestamp: isoTime };
    expect(shown).toEqual([
      10,
      'Extracting text from PDF...',
      { ...told, quality_score: null },
      { ...told, quality_score: 0.9 },
      'generation',
      { sections: 4 },
      'The library is empty.',
    ]);
    await eventually(() => expect(broken).toContain('pong'));
    expect(new Set(broken)).toEqual(new Set(['pong']));
    ws.disconnect();
  });
});

describe('frames of a project', () => {
  it('are flat, with the fields of their events, and none but those of the document', async () => {
    const team = teamAt(host.url);
    const id = await project(team);
    const client = await openProject(team, id, '/api');
    const stage = { project_id: id, status: 'rendering', progress: 80, message: 'Table of contents' };
    const matching = {
      project_id: id,
      current_requirement: 'r',
      requirements_completed: 1,
      requirements_total: 2,
      progress: 50,
    };
    await team.ada.patch(`/projects/${id}`, { name: 'Other' });
    await post(team, 'matching.progress', matching);
    await post(team, 'document_generation.progress', stage);
    await post(team, 'operation.completed', { project_id: id, operation: 'matching' });
    await team.bot.post('/notifications', { user_id: 'ada', title: 'Done', message: 'Matching is done.' });
    await post(team, 'operation.failed', { project_id: id, operation: 'generation', error: 'No quota.' });
    await eventually(() => expect(client.frames).toHaveLength(4));
    expect(client.frames).toEqual([
      { type: 'matching_progress', ...matching, timestamp: isoTime },
      { type: 'document_generation_progress', ...stage, timestamp: isoTime },
      { type: 'completion', operation: 'matching', result: null, timestamp: isoTime },
      { type: 'error', operation: 'generation', error: 'No quota.', timestamp: isoTime },
    ]);
  });

  it('ask for the status of a run, and cancel it', async () => {
    const team = teamAt(host.url);
    const id = await project(team);
    const gate = createGate();
    const run = await host.roomcast.workflows.start(
      task,
      job(async ({ progress }) => {
        progress({ progress: 40, current_step: 'reading', total_steps: 5 });
        await gate.passed;
      }),
      { tenant: team.tenant, projectId: id, startedBy: 'ada' },
    );
    await host.reached({ ...run, tenant: team.tenant }, ({ progress }) => progress === 40);
    const client = await openProject(team, id);
    client.send({ type: 'status', workflow_id: run.id });
    client.send({ type: 'cancel', workflow_id: run.id });
    await eventually(() => expect(client.frames).toHaveLength(2));
    expect(client.frames).toEqual([
      {
        type: 'workflow_status',
        workflow_id: run.id,
        status: 'running',
        progress: 40,
        current_step: 'reading',
        total_steps: 5,
        timestamp: isoTime,
      },
      { type: 'cancel_requested', workflow_id: run.id, status: 'cancelling', timestamp: isoTime },
    ]);
    gate.open();
    await host.reached({ ...run, tenant: team.tenant });
  });

  it.each<[string, (client: DialectClient) => void, string | null, string]>([
    ['are no JSON', (client) => client.say('{"type":'), null, 'bad_request'],
    ['are no object', (client) => client.say('[]'), null, 'bad_request'],
    ['ask for nothing that there is', (client) => client.send({ type: 'constructor' }), null, 'bad_request'],
    ['lack a field', (client) => client.send({ type: 'cancel' }), null, 'bad_request'],
    ['are binary', (client) => client.ws.send(Buffer.from('{"type":"status"}')), null, 'bad_request'],
    [
      'name a run that there is not',
      (client) => client.send({ type: 'status', workflow_id: 'w-0' }),
      'status',
      'not_found',
    ],
  ])('that %s are answered by one error, and the connection stays', async (_what, send, operation, code) => {
    const team = teamAt(host.url);
    const client = await openProject(team, await project(team));
    send(client);
    client.say('ping');
    await eventually(() => expect(client.frames).toHaveLength(2));
    expect(client.frames).toEqual([
      { type: 'error', operation, error: expect.any(String), code, timestamp: isoTime },
      { text: 'pong' },
    ]);
  });
});

describe('whoever may not', () => {
  it('know of a project is sent away from it at once', async () => {
    const [team, other] = [teamAt(host.url), teamAt(host.url)];
    const id = await project(team);
    const path = `/ws/projects/${id}`;
    expect(await endAt(host.url, `${path}?token=${other.ada.credential}`)).toEqual(accessDenied);
    expect(await endAt(host.url, `/ws/projects/none?token=${team.ada.credential}`)).toEqual(accessDenied);
    expect(await endAt(host.url, path)).toEqual({ code: 1008, reason: 'Unauthorized' });
    const old = testToken({ user: 'ada', tenant: team.tenant, expiresInSeconds: -60 });
    expect(await endAt(host.url, `${path}?token=${old}`)).toEqual({ code: 1008, reason: 'Token expired' });
  });

  it('be there any more is sent away when the project is deleted', async () => {
    const team = teamAt(host.url);
    const id = await project(team);
    const client = await openProject(team, id);
    await team.ada.delete(`/projects/${id}`);
    await eventually(() => expect(client.ended).toEqual(accessDenied));
    expect(client.frames).toEqual([]);
  });
});

describe('notifications', () => {
  it.each(['/ws/notifications', '/api/ws/notifications'])('come to their user at %s, of all projects', async (path) => {
    const team = teamAt(host.url);
    const client = await openDialect(host.url, `${path}?token=${team.ada.credential}`);
    const notice = { title: 'Done', message: 'The analysis is ready.', level: 'success' };
    await team.bot.post('/notifications', { user_id: 'bob', ...notice });
    await team.bot.post('/notifications', { user_id: 'ada', ...notice, project_id: '42', link: '/projects/42' });
    await team.bot.post('/notifications', { user_id: 'ada', title: 'Short', message: 'Nothing more.' });
    await eventually(() => expect(client.frames).toHaveLength(2));
    const times = { created_at: isoTime, timestamp: isoTime };
    expect(client.frames).toEqual([
      { type: 'notification', id: expect.any(String), ...notice, project_id: '42', link: '/projects/42', ...times },
      {
        type: 'notification',
        id: expect.any(String),
        title: 'Short',
        message: 'Nothing more.',
        level: 'info',
        project_id: null,
        link: null,
        ...times,
      },
    ]);
    client.say('ping');
    client.send({ type: 'cancel', workflow_id: 'w' });
    await eventually(() => expect(client.frames).toHaveLength(4));
    expect(client.frames.slice(2)).toMatchObject([
      { text: 'pong' },
      { type: 'error', operation: null, code: 'bad_request' },
    ]);
  });
});
