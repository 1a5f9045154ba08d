// The database is put back to what it was some events ago, as an operator's restore would: who had more is told, live and
// on coming back, and goes on from there.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { connectionEvents } from '@roomcast/protocol';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt, type Team } from '../support/team.js';

// The embedded database cannot be changed under a running server; what is read of it is the same.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;

// What a restore of an older backup leaves of one stream.
const RESTORE = `
with gone as (delete from events where stream = $1 and "offset" > $2),
  unindexed as (delete from event_rooms where stream = $1 and "offset" > $2),
  forgotten as (delete from idempotency where stream = $1 and "offset" > $2)
update streams set head = $2, last_id = (select id from events where stream = $1 and "offset" = $2) where stream = $1`;

onPostgres('P4: after the database was restored', () => {
  let database: TestDatabase;
  let server: ServerProcess;
  let operator: pg.Client;
  const clients: PlainClient[] = [];

  beforeAll(async () => {
    database = await testDatabase();
    server = await startServer({ env: database.env });
    operator = new pg.Client({ connectionString: database.databaseUrl });
    await operator.connect();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await operator.end();
    await server.stop();
    await database.drop();
  });

  async function connect({ ada }: Team): Promise<PlainClient> {
    const client = await connectPlainClient(server.url, { token: ada.credential });
    clients.push(client);
    return client;
  }

  async function post({ bot }: Team, first: number, last: number): Promise<void> {
    for (let number = first; number <= last; number++) await bot.post('/events', projectFact('42', number));
  }

  const restore = ({ tenant }: Team, head: number) => operator.query(RESTORE, [`${tenant}/tenant`, head]);
  const resets = (client: PlainClient) => client.heard.filter(({ event }) => event === 'room.reset');

  it.each([
    ['while nothing happens', 0],
    ['and new events have come to stand where others stood', 8],
  ])('%s subscribers are told, and go on in the new life of the log', async (_, more) => {
    const team = teamAt(server.url);
    const client = await connect(team);
    const before = await client.subscribe('project:42');
    await client.subscribe('global');
    await post(team, 1, 5);
    await eventually(() => expect(client.facts()).toHaveLength(5));
    await restore(team, 2);
    await post(team, 101, 100 + more);
    await eventually(() => expect(resets(client)).toHaveLength(1));
    const reset = connectionEvents['room.reset'].parse(resets(client)[0]?.data);
    expect(reset).toMatchObject({ stream: 'tenant', reason: 'epoch_changed' });
    expect(reset.rooms.toSorted()).toEqual(['global', 'project:42']);
    expect(reset.epoch).not.toBe(before.epoch);
    await post(team, 201, 203);
    await eventually(() => expect(client.facts().at(-1)?.data.result).toBe(203));
    const later = client.facts().slice(5);
    expect(later.map(({ offset }) => offset)).toEqual(later.map((_fact, index) => reset.offset + 1 + index));
    expect(resets(client)).toHaveLength(1);
  });

  it('a client that comes back with a position of before is told that it cannot be continued', async () => {
    const team = teamAt(server.url);
    await post(team, 1, 5);
    const client = await connect(team);
    const { offset, epoch, last_id } = await client.subscribe('project:42');
    client.close();
    await restore(team, 2);
    await post(team, 101, 110);
    const returned = await connect(team);
    const ack = await returned.subscribe('project:42', { offset, epoch, last_id });
    expect([ack.recovered, ack.reason, returned.facts().length]).toEqual([false, 'epoch_changed', 0]);
    const read = await returned.ask('events.read', { room: 'project:42', offset: 0 });
    expect(read.recovered).toBe(true);
    expect((read.events as { data: { result: number } }[]).map(({ data }) => data.result)).toEqual([
      1, 2, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
    ]);
  });
});
