// Many writers on one log at once, as shipped, while connections die at random: offsets stay dense and in order,
// what was rolled back is never seen, and what was acknowledged is there once.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Random } from '../simulation/random.js';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { disturb } from './allocator/disturbance.js';
import * as final from './allocator/final-log.js';
import { Ledger } from './allocator/ledger.js';
import { openLogNode, type LogNode } from './allocator/log-node.js';
import { createPrefixReader, type PrefixReader } from './allocator/prefix-reader.js';
import { createWriter, STREAMS } from './allocator/writer.js';

const WRITERS = 12;
// A crash of the embedded database costs it a new start.
const ROUNDS = databaseKind() === 'postgres' ? 60 : 25;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

let database: TestDatabase;
let nodes: LogNode[];
let readers: PrefixReader[];
let log: final.FinalLog;
const ledger = new Ledger();

beforeAll(async () => {
  console.info(`the writers' seed is ${seed} (TEST_SEED)`);
  const random = new Random(seed);
  database = await testDatabase();
  // The embedded database belongs to one process: there is one node then, and its writers share it.
  nodes = [await openLogNode(database)];
  while (database.kind === 'postgres' && nodes.length < 4) nodes.push(await openLogNode(database));
  const over = new AbortController();
  readers = [0, 1].map((index) => createPrefixReader(nodes[index % nodes.length]!, ledger, STREAMS));
  const reading = readers.map((reader) => reader.read(over.signal));
  const disturbing = disturb({ database, node: nodes[0]!, ledger, random: new Random(seed + 1) }, over.signal);
  const writing = Array.from({ length: WRITERS }, (_, index) =>
    createWriter({
      name: `w${index}`,
      node: nodes[index % nodes.length]!,
      ledger,
      random: new Random(random.below(2 ** 31)),
    }).work(ROUNDS, over.signal),
  );
  try {
    await Promise.race([Promise.all(writing), Promise.all(reading)]);
  } finally {
    over.abort();
    await Promise.allSettled([...writing, ...reading, disturbing]);
  }
  expect(await disturbing).toBeGreaterThan(0);
  await eventually(async () => {
    const [waiting] = await nodes[0]!.storage.query<{ rows: number }>('select count(*)::int as rows from outbox');
    expect(waiting?.rows).toBe(0);
  });
  log = await final.readFinalLog(nodes[0]!);
}, 180_000);

afterAll(async () => {
  for (const node of nodes) await node.close();
  await database.drop();
});

describe('after concurrent appends, groups, transactions, retries and lost connections', () => {
  it('every kind of outcome has occurred', () => {
    const fates = new Set([...ledger.entries.values()].map(({ fate }) => fate));
    // Whether a connection was lost between a commit and its answer, so that the fate is unknown, is up to chance.
    expect([...fates]).toEqual(expect.arrayContaining(['committed', 'never']));
    expect(log.rows.length).toBeGreaterThan(WRITERS * ROUNDS);
  });

  it('P1: what committed is there once and where it was said to be, what did not is not, groups are whole', () => {
    expect(final.misplaced(log, ledger)).toEqual([]);
    expect(final.changed(log, ledger)).toEqual([]);
    expect(final.torn(log, ledger)).toEqual([]);
  });

  it('P2: offsets are 1, 2, 3 … in every stream, each row naming the one before, as read all the while', () => {
    expect(final.holes(log)).toEqual([]);
    const ids = new Map(log.rows.map((row) => [`${row.stream} ${row.offset}`, row.id]));
    for (const { seen } of readers) {
      expect(seen.size).toBeGreaterThan(0);
      expect([...seen].filter(([place, id]) => ids.get(place) !== id)).toEqual([]);
    }
  });

  it('P5: an id has one event', async () => {
    expect(await final.misremembered(log, ledger, nodes[0]!)).toEqual([]);
  });

  it('P6: nothing stands before what was acknowledged before it was begun, on whatever node', () => {
    expect(final.overtaken(log, ledger)).toEqual([]);
  });

  it('the index by room, the current values and the announced rows say what the log says', async () => {
    expect(await final.misindexed(log, nodes[0]!)).toEqual([]);
    expect(await final.stale(log, nodes[0]!)).toEqual([]);
    expect(final.misannounced(log, nodes)).toEqual([]);
  });
});
