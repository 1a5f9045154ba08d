// The proof in full: plain clients that pass their last offset and clients of the SDK, all the while events are posted at
// a steady rate, and a server that is killed -9 and started again, five times.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { callerAt } from '../../support/caller.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { openNaiveClient, type NaiveClient } from '../../support/naive-client.js';
import { faultsOf } from '../../support/once-in-order.js';
import type { Heard } from '../../support/plain-client.js';
import { startServer, type ServerProcess } from '../../support/server-process.js';
import { teamAt, type Team } from '../../support/team.js';
import { createPublisher } from '../../restart/publisher.js';
import { openSdkClient, type SdkClient } from '../sdk-client.js';

const PLAIN = 50;
const SDK = 50;
const KILLS = 5;
/** Events of one twentieth of a second: 200 a second. */
const SLICE = 10;
const SLICE_MS = 50;
/** Between two kills. */
const SLICES = 16;

let database: TestDatabase;
let server: ServerProcess;
const plain: NaiveClient[] = [];

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, COMMAND_RATE: '100000' } });
}, 60_000);
afterAll(async () => {
  for (const client of plain) client.close();
  await server.stop();
  await database.drop();
});

/** All that the room had, as the log says it. */
async function log({ ada }: Team): Promise<Heard[]> {
  const events: Heard[] = [];
  for (let more = true; more;) {
    const { body } = await ada.get(`/rooms/project:42/events?limit=500&after=${String(events.at(-1)?.offset ?? 0)}`);
    events.push(...(body.events as Heard[]));
    more = body.has_more === true;
  }
  return events;
}

it('P1, P3, P4, P5: 50 plain clients and 50 of the SDK end with exactly the acknowledged events after five kills', async () => {
  const team = teamAt(server.url);
  for (let index = 0; index < PLAIN; index++) {
    const { credential: token } = callerAt(server.url, { user: `plain-${index}`, tenant: team.tenant });
    const rooms = index % 2 ? ['project:42', 'global'] : ['project:42'];
    plain.push(openNaiveClient(server.url, { token, rooms, style: index % 4 < 2 ? 'loop' : 'many' }));
  }
  const sdk: (SdkClient & { got: Heard[] })[] = [];
  for (let index = 0; index < SDK; index++) {
    const { credential } = callerAt(server.url, { user: `sdk-${index}`, tenant: team.tenant });
    const opened = { ...openSdkClient(server.url, credential), got: [] as Heard[] };
    opened.client.room('project:42').on('operation.completed', (event) => void opened.got.push(event as Heard));
    sdk.push(opened);
  }
  await Promise.all(sdk.map(({ client }) => client.room('project:42').subscribe()));
  await eventually(() => plain.every(({ settled }) => settled), { withinMs: 30_000 });

  const publisher = createPublisher(team.bot, '42');
  const publishing: Promise<void>[] = [];
  let posted = 0;
  for (let kill = 0; kill <= KILLS; kill++) {
    for (let slice = 0; slice < SLICES; slice++) {
      publishing.push(publisher.publish(Array.from({ length: SLICE }, () => ++posted)));
      await pause(SLICE_MS);
    }
    if (kill === KILLS) break;
    await server.kill();
    await server.start();
  }
  await Promise.all(publishing);

  const events = await log(team);
  expect(events.map(({ id }) => id).sort()).toEqual([...publisher.acknowledged.values()].sort());
  expect(new Set(events.map(({ data }) => data.result)).size).toBe(posted);
  const faults = () =>
    [...plain.map(({ got }) => got), ...sdk.map(({ got }) => got)].flatMap((got) => faultsOf(got, events));
  await eventually(() => expect(faults()).toEqual([]), { withinMs: 30_000, everyMs: 200 });
  expect(Math.min(...plain.map(({ connects }) => connects))).toBeGreaterThan(1);
  expect(plain.flatMap(({ answers }) => answers).filter(({ recovered }) => !recovered)).toEqual([]);
  expect(sdk.flatMap(({ errors }) => errors)).toEqual([]);
}, 180_000);
