// Who makes which answer. A node notes down what it has of its answers and with that gives a sign of life; an answer
// whose node gives none for three seconds is orphaned, and whoever notices marks it as interrupted. So a killed process
// leaves no answer that is never finished, and two nodes never finish the same one.
import type { DataSource } from 'typeorm';
import { repeat, type Clock } from '../../ops/clock.js';
import * as store from './answer-store.js';
import type { RunningAnswer } from './running.js';

const SIGN_MS = 500;
const LOOK_MS = 1_000;
const ORPHANED_MS = 3_000;

interface Deps {
  dataSource: DataSource;
  clock: Clock;
  nodeId: string;
  /** No other process can use this database: what this one does not make is orphaned at once. */
  alone: boolean;
  /** What this node makes. */
  running: ReadonlySet<RunningAnswer>;
  /** Ends an orphaned answer with what was noted down of its text. */
  endOrphan: (answer: store.AnswerElsewhere) => Promise<void>;
  /** There are questions in a room that nobody has taken up. */
  waiting: (place: store.RoomPlace) => void;
  failed: (error: unknown) => void;
}

export interface Custody {
  start(): void;
  /** Resolves when nothing of it is under way. */
  stop(): Promise<void>;
}

export function createCustody(deps: Deps): Custody {
  const { dataSource, clock, nodeId, running } = deps;
  /** Answers of others, and since when there was no sign of them. */
  const silent = new Map<string, { seenAt: string; since: number }>();
  let stops: (() => Promise<void>)[] = [];

  async function sign(): Promise<void> {
    const signing = [...running].map((answer) => {
      const { tenant, messageId } = answer.claim;
      return { answer, tenant, messageId, more: answer.outgoing.text.slice(answer.noted) };
    });
    if (signing.length === 0) return;
    const still = await store.signOfLife(dataSource, nodeId, signing);
    const known = new Map(still.map((row) => [`${row.tenant}/${row.message_id}`, row]));
    for (const { answer, tenant, messageId, more } of signing) {
      const row = known.get(`${tenant}/${messageId}`);
      answer.noted += more.length;
      // Another node has taken it for orphaned.
      if (!row) answer.stop('interrupted');
      else if (row.stop_asked) answer.stop('cancelled');
    }
  }

  async function look(): Promise<void> {
    try {
      const orphans = orphaned(await store.runningAnswers(dataSource));
      for (const orphan of orphans) await deps.endOrphan(orphan);
      for (const place of await store.waitingRooms(dataSource)) deps.waiting(place);
    } catch (error) {
      // Nobody could give a sign while the database was away.
      silent.clear();
      throw error;
    }
  }

  function orphaned(answers: readonly store.AnswerElsewhere[]): store.AnswerElsewhere[] {
    const own = new Set([...running].map(({ claim }) => keyOf(claim)));
    const others = answers.filter((answer) => !own.has(keyOf(answer)));
    const now = clock.now();
    for (const key of silent.keys()) if (!others.some((answer) => keyOf(answer) === key)) silent.delete(key);
    return others.filter((answer) => {
      const known = silent.get(keyOf(answer));
      if (known?.seenAt === answer.seenAt) return now - known.since >= ORPHANED_MS;
      silent.set(keyOf(answer), { seenAt: answer.seenAt, since: now });
      return deps.alone && answer.owner !== nodeId;
    });
  }

  return {
    start() {
      const first = look().catch(deps.failed);
      const [stopSigns, stopLooks] = [
        repeat(clock, SIGN_MS, sign, deps.failed),
        repeat(clock, LOOK_MS, look, deps.failed),
      ];
      stops = [stopSigns, stopLooks, () => first];
    },
    async stop() {
      await Promise.all(stops.splice(0).map((stop) => stop()));
    },
  };
}

function keyOf({ tenant, messageId, attempt }: store.Claim): string {
  return `${tenant}/${messageId}/${String(attempt)}`;
}
