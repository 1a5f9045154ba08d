// Two nodes that are handed different events under the same ids, in opposite order: each id gets one event, and nobody
// waits for the other for ever.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { databaseKind, testDatabase, type TestDatabase } from '../../support/database.js';
import { openLogNode, type LogNode } from './log-node.js';

// The embedded database has one connection: two of its writers never meet.
const onPostgres = databaseKind() === 'postgres' ? describe : describe.skip;
const KEYS = 200;
const ROUNDS = 5;

onPostgres('ids that two nodes use at once for different events of different streams', () => {
  let database: TestDatabase;
  let nodes: LogNode[];
  beforeAll(async () => {
    database = await testDatabase();
    nodes = [await openLogNode(database), await openLogNode(database)];
  });
  afterAll(async () => {
    for (const node of nodes) await node.close();
    await database.drop();
  });

  function write(node: LogNode, stream: string, keys: readonly string[]) {
    const what = { event: 'fact', version: 1, rooms: [stream.slice(2)], key: null, ends: null };
    const appends = keys.map((key) => {
      const idempotency = { scope: 't/ada', key, hash: stream };
      return node.writer.append([{ ...what, stream, data: JSON.stringify({ key }), idempotency }]);
    });
    return Promise.allSettled(appends);
  }

  it('P5: are taken by one of them each; the other is told that it is a conflict', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const keys = Array.from({ length: KEYS }, (_, index) => `${round} ${index}`);
      const [ours, theirs] = await Promise.all([
        write(nodes[0]!, 't/session:1', keys),
        write(nodes[1]!, 't/session:2', keys.toReversed()),
      ]);
      for (const answer of [...ours, ...theirs]) {
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'conflict' });
      }
      const pairs = ours.map((answer, index) => [answer.status, theirs.at(-1 - index)!.status].sort());
      expect(pairs).toEqual(keys.map(() => ['fulfilled', 'rejected']));
    }
  });
});
