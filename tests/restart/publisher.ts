// Somebody who emits events and repeats each under its id until it is acknowledged, whatever becomes of the server.
import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from '../support/caller.js';
import { projectFact } from '../support/team.js';

export interface Publisher {
  /** Ids of the events that were acknowledged, by their number. */
  readonly acknowledged: ReadonlyMap<number, string>;
  /** How many acknowledgements said that the event was there already. */
  readonly duplicates: number;
  /** Emits events of these numbers, several at a time; resolves when all are acknowledged. */
  publish(numbers: readonly number[]): Promise<void>;
}

const AT_ONCE = 4;
const AGAIN_MS = 20;

export function createPublisher(bot: Caller, project: string): Publisher {
  const acknowledged = new Map<number, string>();
  let duplicates = 0;

  async function emit(number: number): Promise<void> {
    for (;;) {
      const answer = await bot
        .post('/events', { ...projectFact(project, number), id: `event-${number}` })
        .catch(() => null);
      if (answer?.status === 201 || answer?.status === 200) {
        acknowledged.set(number, String(answer.body.id));
        if (answer.body.duplicate) duplicates++;
        return;
      }
      if (answer && !answer.body.retryable) throw new Error(JSON.stringify(answer.body));
      await pause(AGAIN_MS);
    }
  }

  return {
    acknowledged,
    get duplicates() {
      return duplicates;
    },
    async publish(numbers) {
      const waiting = [...numbers];
      const work = async () => {
        for (let number; (number = waiting.shift()) !== undefined;) await emit(number);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
  };
}
