// The parts that a workflow passes, tied together: from its start to its end. roomcast.ts composes the rest of the
// platform around it. Without definitions there is nothing to execute, and no queue.
import type { BuiltInCatalogue, Catalogue } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import type { Broadcaster } from './events/broadcaster.js';
import type { Principal } from './identity/principal.js';
import type { Clock } from './ops/clock.js';
import type { Logger } from './ops/logger.js';
import type { Storage } from './storage/storage.js';
import { inTransaction } from './storage/transaction.js';
import type { WorkflowDefinition } from './workflows/define-workflow.js';
import { createWorkflowsDoor } from './workflows/door.js';
import { openJobQueue, type JobQueue } from './workflows/job-queue.js';
import { createOutsideProgress } from './workflows/outside-progress.js';
import { refuseOwnEvents } from './workflows/own-events.js';
import { createRunEvents, type EndNotice } from './workflows/run-events.js';
import { createWorkers } from './workflows/workers.js';
import type { WorkflowStatus } from './workflows/workflow-entity.js';
import { createWorkflows, type WorkflowsDeps } from './workflows/workflows.js';

/** What workflows need in the database before anything is made. */
export interface OpenedWorkflows {
  readonly definitions: ReadonlyMap<string, WorkflowDefinition>;
  readonly queue: JobQueue | null;
}

/** @throws TypeError when two workflows have one name */
export async function openWorkflows(
  { dataSource }: Storage,
  defined: readonly WorkflowDefinition[],
): Promise<OpenedWorkflows> {
  const definitions = new Map(defined.map((definition) => [definition.name, definition]));
  const twice = defined.find((definition) => definitions.get(definition.name) !== definition);
  if (twice) throw new TypeError(`the workflow "${twice.name}" is defined twice`);
  return { definitions, queue: defined.length > 0 ? await openJobQueue(dataSource, [...definitions.keys()]) : null };
}

interface Deps extends Pick<WorkflowsDeps, 'authorize' | 'enterable' | 'ownerOf'> {
  opened: OpenedWorkflows;
  storage: Storage;
  clock: Clock;
  logger: Logger;
  catalogue: Catalogue;
  /** Of the catalogue of the host application. */
  broadcaster: Broadcaster;
  /** Of the built-in catalogue. */
  platform: Broadcaster<BuiltInCatalogue>;
  notify(manager: EntityManager, notice: EndNotice): Promise<void>;
  /** The end of a run is committed. */
  runEnded(name: string, status: WorkflowStatus): void;
  failed: (error: unknown) => void;
}

export function composeWorkflows({
  opened: { definitions, queue },
  storage,
  platform,
  notify,
  runEnded,
  ...deps
}: Deps) {
  const { dataSource } = storage;
  const titleOf = (name: string) => definitions.get(name)?.title ?? name;
  const events = createRunEvents({ broadcaster: platform, notify, titleOf, onEnded: runEnded });
  const alone = storage.kind === 'embedded';
  const workers = queue && createWorkers({ ...deps, dataSource, definitions, queue, events, alone });
  const workflows = createWorkflows({ ...deps, dataSource, definitions, queue, events, workers: () => workers });
  const outside = createOutsideProgress({
    ...deps,
    dataSource,
    broadcaster: platform,
    events,
    executedHere: (run) => workers?.attemptOf(run),
  });
  const door = createWorkflowsDoor({ workflows, inTransaction: (act) => inTransaction(dataSource, act) });

  return {
    workflows,
    outside,
    door,
    async start(): Promise<void> {
      outside.start();
      await workers?.start();
    },
    /** How many runs of each workflow this node executes just now. */
    running: (): ReadonlyMap<string, number> => workers?.running() ?? new Map(),
    drain: () => workers?.drain(),
    async stop(): Promise<void> {
      await outside.stop();
      await workers?.stop();
    },
    /** @throws RoomcastError `conflict` when a posted event tells of a run that is kept here */
    async mayPost({ tenant }: Principal, items: readonly { event: string; data: unknown }[]): Promise<void> {
      if (queue) await refuseOwnEvents(items, (ids) => workflows.kept(tenant, ids));
    },
  };
}
