// What nodes have left behind: runs whose node gives no sign of life any more, and those that this node is said to
// execute and does not know of, because the answer to a commit was lost.
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import { inTransaction } from '../storage/transaction.js';
import { attemptName, type AttemptKey } from './attempt-store.js';
import { isKnownDead } from './node-process.js';
import * as nodes from './node-store.js';
import { releaseRun } from './release.js';
import type { JobQueue } from './job-queue.js';
import type { RunEvents } from './run-events.js';

export interface LeftBehind {
  /** No node that is known to be dead is waited for. */
  forgetTheDead(): Promise<void>;
  /** Gives what nobody executes to whoever is next. @returns the names of the workflows that wait now */
  release(): Promise<string[]>;
}

interface Deps {
  dataSource: DataSource;
  logger: Pick<Logger, 'warn'>;
  queue: JobQueue;
  events: RunEvents;
  node: string;
  process: Promise<nodes.NodeProcess>;
  /** No other process uses the database. */
  alone: boolean;
  isExecuted(key: AttemptKey): boolean;
}

export function createLeftBehind(deps: Deps): LeftBehind {
  const { dataSource, logger, node, alone, isExecuted } = deps;
  let suspects = new Set<string>();

  /** Of the own ones, those that were not known the last time either: others have just been begun, or ended. */
  async function found(): Promise<AttemptKey[]> {
    const all = await nodes.attemptsWithoutNode(dataSource, node);
    const own = all.filter((key) => key.own && !isExecuted(key));
    const before = suspects;
    suspects = new Set(own.map(attemptName));
    return all.filter((key) => !key.own || (before.has(attemptName(key)) && suspects.has(attemptName(key))));
  }

  return {
    async forgetTheDead() {
      const self = await deps.process;
      const dead: string[] = [];
      for (const other of await nodes.otherNodes(dataSource, node)) {
        if (alone || (await isKnownDead(other.process, self))) dead.push(other.node);
      }
      if (dead.length > 0) await nodes.removeNodes(dataSource, dead);
    },

    async release() {
      const names = new Set<string>();
      for (const key of await found()) {
        const run = await inTransaction(dataSource, (manager) => releaseRun(deps, manager, key, 'died'));
        if (!run) continue;
        logger.warn({ workflow: run.name, workflow_id: run.id, tenant: run.tenant }, 'a workflow has lost its node');
        if (run.status === 'queued') names.add(run.name);
      }
      return [...names];
    },
  };
}
