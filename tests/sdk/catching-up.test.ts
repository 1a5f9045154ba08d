// The client over a network that breaks, with the real server: nothing lost, nothing twice, in order.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, workflowFact, workflowProgress, type Team } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';
import { fact, numbersIn, openSdkClient, upTo } from './sdk-client.js';

let database: TestDatabase;
let server: ServerProcess;
let way: Way;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0', COMMAND_RATE: '1000' } });
  way = await openWay({ host: '127.0.0.1', port: server.port });
});
afterAll(async () => {
  await way.close();
  await server.stop();
  await database.drop();
});

const wayUrl = () => `http://127.0.0.1:${way.port}`;

async function teamWithProject(): Promise<Team> {
  const team = teamAt(server.url);
  await team.ada.post('/projects', { id: '42', name: 'Atlas' });
  return team;
}

async function post(team: Team, numbers: readonly number[]): Promise<void> {
  const events = numbers.map((number) => projectFact('42', number));
  expect((await team.bot.post('/events', { events })).status).toBe(200);
}

describe('a client whose connection breaks', () => {
  it('is handed what its rooms had meanwhile, page by page, then what comes', async () => {
    const team = await teamWithProject();
    const { client, errors } = openSdkClient(wayUrl(), team.ada.credential, { pageLimit: 20 });
    const room = client.room('project:42');
    const numbers = numbersIn(room);
    await room.subscribe();
    await post(team, upTo(10));
    await eventually(() => expect(numbers).toEqual(upTo(10)));
    way.cut();
    await eventually(() => expect(client.status.getSnapshot().state).toBe('reconnecting'));
    await post(team, upTo(105, 11));
    way.mend();
    await eventually(() => expect(numbers).toEqual(upTo(105)));
    await post(team, [106]);
    await eventually(() => expect(numbers).toEqual(upTo(106)));
    expect(errors).toEqual([]);
  });

  it('again and again, while events come, misses none and gets none twice', async () => {
    const team = await teamWithProject();
    const { client, errors } = openSdkClient(wayUrl(), team.ada.credential, { pageLimit: 10 });
    const numbers = numbersIn(client.room('project:42'));
    const runs: string[] = [];
    client.room('global').on('workflow.started', ({ data }) => runs.push(data.workflow_id));
    await Promise.all([client.room('project:42').subscribe(), client.room('global').subscribe()]);
    let next = 0;
    for (let turn = 0; turn < 5; turn++) {
      for (let step = 0; step < 20; step++) {
        await post(team, [++next]);
        await team.bot.post('/events', workflowFact(`run-${next}`, '42'));
        if (step === 10) way.cut();
        if (step === 15) way.mend();
      }
    }
    await eventually(() => expect([numbers.length, runs.length]).toEqual([next, next]));
    expect(numbers).toEqual(upTo(next));
    expect(runs).toEqual(upTo(next).map((number) => `run-${number}`));
    expect(errors).toEqual([]);
  });

  it('hands an event of two rooms to both, once each', async () => {
    const team = await teamWithProject();
    const { client } = openSdkClient(wayUrl(), team.ada.credential);
    const heard: string[] = [];
    for (const name of ['project:42', 'global'] as const) {
      client.room(name).on('workflow.started', ({ data }) => heard.push(`${name} ${data.workflow_id}`));
    }
    await Promise.all([client.room('project:42').subscribe(), client.room('global').subscribe()]);
    await team.bot.post('/events', workflowFact('live', '42'));
    await eventually(() => expect(heard.length).toBe(2));
    way.cut();
    await team.bot.post('/events', workflowFact('missed', '42'));
    way.mend();
    await eventually(() => expect(heard.length).toBe(4));
    expect(heard.sort()).toEqual(['global live', 'global missed', 'project:42 live', 'project:42 missed']);
  });
});

describe('a snapshot over REST', () => {
  it('is continued from its position, also beside rooms that had the events before', async () => {
    const team = await teamWithProject();
    const { client } = openSdkClient(wayUrl(), team.ada.credential);
    await client.room('global').subscribe();
    const { body } = await team.ada.get('/projects/42');
    await team.ada.patch('/projects/42', { status: 'second' });
    await eventually(() => expect(client.room('global').position?.offset).toBeGreaterThan(Number(offsetIn(body))));
    const room = client.room('project:42');
    const statuses: string[] = [];
    room.on('project.updated', ({ data }) => statuses.push(data.status));
    await room.subscribe({ position: body.position as { offset: number; epoch: string } });
    expect(statuses).toEqual(['second']);
    await team.ada.patch('/projects/42', { status: 'third' });
    await eventually(() => expect(statuses).toEqual(['second', 'third']));
  });

  it('that cannot be continued is told', async () => {
    const team = await teamWithProject();
    const { client } = openSdkClient(wayUrl(), team.ada.credential);
    const room = client.room('project:42');
    const reasons: string[] = [];
    room.onReset(({ reason }) => void reasons.push(reason));
    const { recovered } = await room.subscribe({ position: { offset: 1, epoch: 'of another log' } });
    expect(recovered).toBe(false);
    await eventually(() => expect(reasons).toEqual(['epoch_changed']));
  });
});

describe('current values', () => {
  it('come first, and then their changes', async () => {
    const team = await teamWithProject();
    for (const percent of [10, 20]) await team.bot.post('/events', workflowProgress('run', percent));
    const { client } = openSdkClient(wayUrl(), team.ada.credential);
    const room = client.room('workflow:run');
    const percents: number[] = [];
    room.on('workflow.progress', ({ data }) => percents.push(data.progress));
    await team.bot.post('/events', {
      event: 'workflow.started',
      data: { workflow_id: 'run', name: 'x', status: 'running' },
    });
    await room.subscribe({ state: true });
    await team.bot.post('/events', workflowProgress('run', 30));
    await eventually(() => expect(percents).toEqual([20, 30]));
  });
});

describe('an iteration', () => {
  it('begins in the past, survives a broken connection, and goes on', async () => {
    const team = await teamWithProject();
    const { body } = await team.ada.get('/projects/42');
    await post(team, upTo(50));
    const { client } = openSdkClient(wayUrl(), team.ada.credential, { pageLimit: 20 });
    const after = body.position as { offset: number; epoch: string };
    const numbers: number[] = [];
    for await (const event of client.room('project:42').events({ after })) {
      if (event.event === 'operation.completed') numbers.push(Number(event.data.result));
      if (numbers.length === 50) {
        way.cut();
        await post(team, upTo(60, 51));
        way.mend();
      }
      if (numbers.length === 60) break;
    }
    expect(numbers).toEqual(upTo(60));
  });
});

describe('emit', () => {
  it('tells what became of an event, and a repeat under its id changes nothing', async () => {
    const team = await teamWithProject();
    const { client } = openSdkClient(wayUrl(), team.bot.credential);
    const first = await client.emit('operation.completed', fact('42', 1), { id: 'mine' });
    const second = await client.emit('operation.completed', fact('42', 1), { id: 'mine' });
    expect(second).toMatchObject({ ...first, duplicate: true });
    await expect(client.emit('operation.completed', fact('42', 2), { id: 'mine' })).rejects.toMatchObject({
      code: 'conflict',
    });
    const { client: ada } = openSdkClient(wayUrl(), team.ada.credential);
    await expect(ada.emit('operation.completed', fact('42', 1))).rejects.toMatchObject({ code: 'forbidden' });
  });
});

function offsetIn({ position }: Record<string, unknown>): unknown {
  return (position as { offset: unknown }).offset;
}
