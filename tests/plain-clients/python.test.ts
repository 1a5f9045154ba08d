// Debian's python3-socketio with the documentation's few lines: it enters, hears, loses its connection, catches up.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, workflowFact } from '../support/team.js';
import { openWay, type Way } from '../support/way.js';
import { startPythonClient } from './python-process.js';

const ROOMS = ['project:42', 'global', 'user:ada'];
const upTo = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);
const transports = [
  { namespace: '/', transport: 'websocket' },
  { namespace: '/ws', transport: 'polling' },
  { namespace: '/ws', transport: 'upgrade' },
];

let database: TestDatabase;
let server: ServerProcess;
const ways: Way[] = [];
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
});
afterAll(async () => {
  for (const way of ways) await way.close();
  await server.stop();
  await database.drop();
});

async function newWay(): Promise<Way> {
  const way = await openWay({ host: '127.0.0.1', port: server.port });
  ways.push(way);
  return way;
}

describe.each(transports)('python3-socketio over $transport on $namespace', (options) => {
  it('P3, P4: gets every event of its rooms once and in order, also those that came while its connection was lost', async () => {
    const { ada, bot } = teamAt(server.url);
    const way = await newWay();
    const url = `http://127.0.0.1:${String(way.port)}`;
    const python = await startPythonClient(url, { ...options, token: ada.credential, rooms: ROOMS });
    await eventually(() => expect(python.said('answer')).toHaveLength(ROOMS.length));
    const post = async (number: number) => {
      const fact = number % 3 ? projectFact('42', number) : workflowFact('w', '42');
      expect((await bot.post('/events', fact)).status).toBe(201);
    };
    for (const number of upTo(20)) await post(number);
    await eventually(() => expect(python.facts().map(({ offset }) => offset)).toEqual(upTo(20)));
    way.cut();
    for (const number of upTo(20, 21)) await post(number);
    way.mend();
    await eventually(() => expect(python.said('connected')).toHaveLength(2));
    for (const number of upTo(20, 41)) await post(number);
    await eventually(() => expect(python.facts().map(({ offset }) => offset)).toEqual(upTo(60)));
    await eventually(() =>
      expect(python.said('answer').map(({ recovered }) => recovered)).toEqual(Array(2 * ROOMS.length).fill(true)),
    );
    expect(await python.close()).toBe(0);
  });

  it('asks, and is answered with what is and what is wrong', async () => {
    const { bot } = teamAt(server.url);
    const python = await startPythonClient(server.url, { ...options, token: bot.credential, rooms: ['project:42'] });
    await eventually(() => expect(python.said('answer')).toHaveLength(1));
    const receipt = await python.ask('events.emit', { ...projectFact('42', 1), id: 'one' });
    expect(receipt).toMatchObject({ status: 'success', stream: 'tenant', offset: 1, duplicate: false });
    await eventually(() => expect(python.facts()).toMatchObject([{ id: receipt.id, data: { result: 1 } }]));
    expect(await python.ask('subscribe', { room: 'user:ada' })).toMatchObject({ error: { code: 'not_found' } });
    expect(await python.ask('debug:rooms', {})).toMatchObject({
      rooms: [{ room: 'user:bot' }, { room: 'project:42' }],
    });
    expect(await python.close()).toBe(0);
  });

  it('is refused without a good token, and told why', async () => {
    const python = await startPythonClient(server.url, { ...options, token: 'nonsense', rooms: [] });
    await eventually(() => expect(python.said('refused')).toHaveLength(1));
    expect(python.said('refused')).toMatchObject([{ data: { code: 'unauthorized', retryable: false } }]);
    await python.close();
  });
});
