// How often one user may ask, whatever the door: connections and REST draw on the same measure.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { connectRaw, type RawSocketIo } from '../support/raw-socketio.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact } from '../support/team.js';

const COMMAND_RATE = 4;
const COMMAND_BURST = 3 * COMMAND_RATE;
const PUBLISH_RATE = 40;

let database: TestDatabase;
let server: ServerProcess;
const opened: RawSocketIo[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const env = { COMMAND_RATE: String(COMMAND_RATE), PUBLISH_RATE: String(PUBLISH_RATE) };
  server = await startServer({ env: { ...database.env, ...env } });
});
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

const callerOf = (user: string, ...roles: string[]) => callerAt(server.url, { user, roles });

async function connect({ credential }: Caller): Promise<RawSocketIo> {
  const connection = await connectRaw(server.url, credential);
  opened.push(connection);
  return connection;
}

/** An answer by either door: undefined when it was taken, else the error. */
type Told = { code: string; retry_after_ms: number } | undefined;

const asked = async (connection: RawSocketIo): Promise<Told> => (await connection.ask('debug:rooms')).error as Told;
const read = async (caller: Caller): Promise<Told> => {
  const { status, headers, body } = await caller.get('/rooms/global/events');
  if (status === 200) return undefined;
  expect([status, body.retryable]).toEqual([429, true]);
  expect(Number(headers.get('retry-after'))).toBe(Math.ceil(Number(body.retry_after_ms) / 1_000));
  return body as Told;
};

/** What may have been taken of a measure since a time (performance.now()). */
const atMost = (burst: number, rate: number, since: number) => burst + (rate * (performance.now() - since)) / 1_000;

describe('the commands of a user', () => {
  it('over two connections and REST are counted together; other users are not touched', async () => {
    const ada = callerOf('ada');
    const connections = [await connect(ada), await connect(ada)];
    const since = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 2 * COMMAND_BURST }, () => [...connections.map(asked), read(ada)]).flat(),
    );
    const taken = answers.filter((error) => error === undefined).length;
    expect(taken).toBeGreaterThanOrEqual(COMMAND_BURST);
    expect(taken).toBeLessThanOrEqual(atMost(COMMAND_BURST, COMMAND_RATE, since));
    expect(new Set(answers.map((error) => error?.code))).toEqual(new Set([undefined, 'rate_limited']));
    expect(await asked(await connect(callerOf('bob')))).toBeUndefined();
    expect(await read(callerOf('eve'))).toBeUndefined();
  });

  it('are taken again after the time that was named, and not before', async () => {
    const connection = await connect(callerOf('cleo'));
    let refusedAt: number;
    let error: Told;
    do {
      refusedAt = performance.now();
      error = await asked(connection);
    } while (error === undefined);
    await eventually(async () => expect(await asked(connection)).toBeUndefined());
    expect(performance.now() - refusedAt).toBeGreaterThanOrEqual(error.retry_after_ms - 1);
    expect(error.retry_after_ms).toBeLessThanOrEqual(1_000 / COMMAND_RATE);
  });

  it('that do not exist or are badly formed count as well', async () => {
    const connection = await connect(callerOf('dora'));
    const acks = await Promise.all([
      ...Array.from({ length: COMMAND_BURST }, () => connection.ask('no.such')),
      ...Array.from({ length: COMMAND_BURST }, () => connection.ask('subscribe', 7)),
    ]);
    const codes = acks.map(({ error }) => error?.code);
    expect(new Set(codes)).toEqual(new Set(['bad_request', 'rate_limited']));
  });
});

describe('the events of a publisher', () => {
  const batch = (count: number) => ({ events: Array.from({ length: count }, (_, n) => projectFact('42', n)) });

  it('are counted one by one, posted or emitted, at the rate of publishers', async () => {
    const bot = callerOf('bot', 'publisher');
    const connection = await connect(bot);
    const since = performance.now();
    expect((await bot.post('/events', batch(PUBLISH_RATE - 10))).status).toBe(200);
    const acks = await Promise.all(
      Array.from({ length: 2 * PUBLISH_RATE }, (_, n) => connection.ask('events.emit', projectFact('42', n))),
    );
    const taken = acks.filter(({ status }) => status === 'success').length;
    expect(taken).toBeGreaterThanOrEqual(10);
    expect(taken + PUBLISH_RATE - 10).toBeLessThanOrEqual(atMost(PUBLISH_RATE, PUBLISH_RATE, since));
    const { status, body } = await bot.post('/events', batch(PUBLISH_RATE));
    expect([status, body.code]).toEqual([429, 'rate_limited']);
  });

  it('in a batch larger than a second brings are taken, and paid for afterwards', async () => {
    const bot = callerOf('big', 'publisher');
    expect((await bot.post('/events', batch(3 * PUBLISH_RATE))).status).toBe(200);
    const { body } = await bot.post('/events', projectFact('42', 1));
    expect(body.code).toBe('rate_limited');
    expect(body.retry_after_ms).toBeGreaterThan(0);
    expect(body.retry_after_ms).toBeLessThanOrEqual(2_100);
  });

  it('are not counted at the rate of members', async () => {
    const bot = callerOf('third', 'publisher');
    const connection = await connect(bot);
    for (let n = 0; n < COMMAND_BURST + 5; n++) expect(await asked(connection)).toBeUndefined();
  });
});

describe('the first refusal of a kind', () => {
  it('is logged with the name of the setting; all are counted', async () => {
    const flood = async (user: string, ...roles: string[]) => {
      const connection = await connect(callerOf(user, ...roles));
      const answers = await Promise.all(Array.from({ length: 2 * PUBLISH_RATE }, () => asked(connection)));
      return answers.filter((error) => error !== undefined).length;
    };
    const refusedBefore = (await metricsOf(server.url)).value('roomcast_drops_total', 'reason="command_rate"') ?? 0;
    const refused = (await flood('f1')) + (await flood('f2'));
    await flood('f3', 'publisher');
    await flood('f4', 'admin');
    const refusals = () =>
      server
        .logs()
        .split('\n')
        .filter((line) => line.includes('refused by'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await eventually(() =>
      expect(
        refusals()
          .map(({ setting }) => setting)
          .sort(),
      ).toEqual(['COMMAND_RATE', 'PUBLISH_RATE']),
    );
    for (const line of refusals()) expect(line).toMatchObject({ level: 'warn', tenant: 'default' });
    const metrics = await metricsOf(server.url);
    expect(metrics.value('roomcast_drops_total', 'reason="command_rate"')).toBe(refusedBefore + refused);
    expect(metrics.value('roomcast_drops_total', 'reason="publish_rate"')).toBeGreaterThan(0);
  });
});
