// One writer among several: every turn it does one of the things that callers of the log do, at random, and writes into
// the ledger what it knows of the outcome. What has an id is repeated until the answer is definite, as a client would.
import { setTimeout as pause } from 'node:timers/promises';
import { RoomcastError } from '@roomcast/protocol';
import type { Appended, NewRow } from '../../../server/src/events/log-writer.js';
import { inTransaction, StorageUnavailable } from '../../../server/src/storage/transaction.js';
import type { Random } from '../../simulation/random.js';
import type { Ledger } from './ledger.js';
import type { LogNode } from './log-node.js';

const TENANT_STREAM = 't/tenant';
const OWN_STREAMS = ['t/session:1', 't/session:2', 't/user:ada'];
const ROOMS = ['global', 'project:1', 'project:2', 'workflow:1'];
export const STREAMS = [TENANT_STREAM, ...OWN_STREAMS];
const KEYS = ['k1', 'k2', 'k3'];
const SHARED_IDS = 40;

export interface WriterDeps {
  readonly name: string;
  readonly node: LogNode;
  readonly ledger: Ledger;
  readonly random: Random;
}

class RolledBack extends Error {}

export function createWriter({ name, node, ledger, random }: WriterDeps) {
  const acknowledged: NewRow[] = [];
  let count = 0;

  /** An event that this writer alone knows. */
  function newRow(): NewRow {
    const shared = random.chance(0.6);
    const stream = shared ? TENANT_STREAM : random.pick(OWN_STREAMS);
    const rooms = shared ? random.shuffled(ROOMS).slice(0, 1 + random.below(3)) : [stream.slice(2)];
    const data = JSON.stringify({ tag: `${name}-${String(++count)}` });
    return { stream, rooms, version: 1, data, idempotency: null, ...kind() };
  }

  const withId = (row: NewRow): NewRow => ({
    ...row,
    idempotency: { scope: `t/${name}`, key: row.data, hash: row.data },
  });
  const perhapsWithId = (row: NewRow) => (random.chance(0.5) ? withId(row) : row);
  /** All with ids or none: a group is repeated as a whole. */
  const asGroup = (rows: readonly NewRow[]) => (random.chance(0.5) ? rows.map(withId) : rows);
  const rowsUpTo = (most: number) => Array.from({ length: 1 + random.below(most) }, newRow);

  function kind(): Pick<NewRow, 'event' | 'key' | 'ends'> {
    const key = random.pick(KEYS);
    if (random.chance(0.25)) return { event: 'progress', key, ends: null };
    if (random.chance(0.1)) return { event: 'done', key: null, ends: [['progress', key]] };
    return { event: 'fact', key: null, ends: null };
  }

  const isRepeatable = (rows: readonly NewRow[]) => rows.every((row) => row.idempotency);

  /** Appends until the answer is definite, or once where a repetition would be another event. */
  async function append(rows: readonly NewRow[]): Promise<Appended[] | 'conflict' | 'unknown'> {
    ledger.begin(rows);
    ledger.together(rows);
    for (;;) {
      try {
        const appended = await node.writer.append(rows);
        rows.forEach((row, index) => note(row, appended[index]!));
        return appended;
      } catch (error) {
        if (error instanceof RoomcastError && error.code === 'conflict') {
          ledger.never(rows);
          return 'conflict';
        }
        if (!(error instanceof StorageUnavailable)) throw error;
        if (!isRepeatable(rows)) {
          ledger.unknown(rows);
          return 'unknown';
        }
        await pause(5);
      }
    }
  }

  function note(row: NewRow, { id, stream, offset }: Appended): void {
    ledger.committed(row, { id, stream, offset });
    if (row.idempotency) acknowledged.push(row);
  }

  async function transaction(rows: readonly NewRow[], rollBack: boolean): Promise<void> {
    ledger.begin(rows, false);
    ledger.together(rows);
    for (;;) {
      try {
        await inTransaction(node.storage.dataSource, async (manager) => {
          for (const row of rows) {
            await node.outbox.add(manager, row);
            if (random.chance(0.3)) await pause(random.below(6));
          }
          if (rollBack) throw new RolledBack();
          ledger.show(rows);
        });
        for (const row of rows) ledger.committed(row, null);
        return;
      } catch (error) {
        if (error instanceof RolledBack || rollBack) return ledger.never(rows);
        if (!(error instanceof StorageUnavailable)) throw error;
        if (!isRepeatable(rows)) return ledger.unknown(rows);
        await pause(5);
      }
    }
  }

  /** Without ids: what is repeated may come after what was handed over later. */
  async function burst(): Promise<void> {
    const stream = random.pick([TENANT_STREAM, ...OWN_STREAMS]);
    const rooms = stream === TENANT_STREAM ? ['global'] : [stream.slice(2)];
    const rows = rowsUpTo(5).map((row) => ({ ...row, stream, rooms }));
    ledger.inSequence(rows);
    await Promise.all(rows.map((row) => append([row])));
  }

  async function repeat(): Promise<void> {
    if (acknowledged.length === 0) return;
    const row = random.pick(acknowledged);
    const answer = await append([row]);
    if (!Array.isArray(answer) || !answer[0]?.duplicate)
      throw new Error(`repeated: ${row.data} ${JSON.stringify(answer)}`);
  }

  /** Another event under an id that was used: alone, or in a group that then is not written at all. */
  async function contradict(): Promise<void> {
    if (acknowledged.length === 0) return;
    const { idempotency } = random.pick(acknowledged);
    const other = { ...newRow(), idempotency: { ...idempotency!, hash: 'other' } };
    const group = random.shuffled([other, ...(random.chance(0.5) ? rowsUpTo(2).map(withId) : [])]);
    if ((await append(group)) !== 'conflict') throw new Error(`${JSON.stringify(idempotency)} was taken twice`);
  }

  /** The same event by several writers at once: it has one place, whoever was first. */
  async function share(): Promise<void> {
    const number = random.below(SHARED_IDS);
    const stream = OWN_STREAMS[number % OWN_STREAMS.length]!;
    const data = JSON.stringify({ tag: `shared-${String(number)}` });
    const idempotency = { scope: 't/all', key: `shared-${String(number)}`, hash: data };
    const what = { event: 'fact', version: 1, key: null, ends: null };
    const row: NewRow = { stream, rooms: [stream.slice(2)], data, idempotency, ...what };
    await (random.chance(0.3) ? transaction([row], false) : append([row]));
  }

  /** Different events under one id by several writers at once: one of them is taken. */
  async function compete(): Promise<void> {
    const row = newRow();
    const key = `contended-${String(random.below(SHARED_IDS))}`;
    await append([{ ...row, idempotency: { scope: 't/all', key, hash: row.data } }]);
  }

  const turns: [weight: number, turn: () => Promise<unknown>][] = [
    [6, () => append([perhapsWithId(newRow())])],
    [2, burst],
    [3, () => append(asGroup(rowsUpTo(5)))],
    [5, () => transaction(asGroup(rowsUpTo(4)), false)],
    [3, () => transaction(rowsUpTo(3), true)],
    [3, repeat],
    [2, contradict],
    [2, share],
    [2, compete],
  ];
  const drawn = turns.flatMap(([weight, turn]) => Array<() => Promise<unknown>>(weight).fill(turn));

  return {
    async work(rounds: number, signal: AbortSignal): Promise<void> {
      for (let round = 0; round < rounds && !signal.aborted; round++) await random.pick(drawn)();
    },
  };
}
