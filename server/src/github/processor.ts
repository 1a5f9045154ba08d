// Turns what is in the inbox into events, in the background: the deliveries of one repository one after the other in the
// order in which they came, several repositories beside each other. The events and the mark that says so are one
// transaction, so a process that dies in between leaves a pending delivery, and this or another node takes it up again.
// A delivery that fails is tried again and holds up those behind it, until it is given up and they go on.
import { createHash } from 'node:crypto';
import { RoomcastError, type BuiltInCatalogue } from '@roomcast/protocol';
import type { Logger } from 'pino';
import type { DataSource, EntityManager } from 'typeorm';
import type { Broadcaster } from '../events/broadcaster.js';
import type { Clock } from '../ops/clock.js';
import { inTransaction, StorageUnavailable } from '../storage/transaction.js';
import * as inbox from './inbox-store.js';
import { createLanes, type Left } from '../ops/lanes.js';
import { startRoutine } from '../ops/routine.js';
import { toEvent } from './to-events.js';

/** A project that a repository's deliveries go to. */
export interface ProjectOfRepository {
  readonly tenant: string;
  readonly id: string;
}

/** When a delivery that fails is tried again: after `firstMs`, then after four times as long as before. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstMs: number;
}

export interface ProcessorDeps {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  /** The living projects of every tenant whose repository has this key, in a fixed order. */
  projectsOf: (manager: EntityManager, repositoryKey: string) => Promise<readonly ProjectOfRepository[]>;
  clock: Clock;
  logger: Pick<Logger, 'warn' | 'error'>;
  /** Five attempts within some 20 s when left out. */
  retry?: RetryPolicy;
}

export interface Processor {
  /** Something has come for this repository. */
  wake(repositoryKey: string): void;
  /** Takes up what a process before this one has left, and goes on looking for what another one leaves. */
  start(): void;
  /** Resolves when nothing is being processed any more. What is pending then stays so. */
  stop(): Promise<void>;
}

const RETRY: RetryPolicy = { attempts: 5, firstMs: 250 };
const RETRY_FACTOR = 4;
const REPOSITORIES_AT_ONCE = 4;
/** How long a delivery that its node has left waits for another one, at most. */
const LOOK_EVERY_MS = 2_000;
const UNAVAILABLE_WAIT_MS = 1_000;
const MAX_ERROR = 500;

export function createProcessor(deps: ProcessorDeps): Processor {
  const { dataSource, clock, logger } = deps;
  const lanes = createLanes({
    clock,
    atOnce: REPOSITORIES_AT_ONCE,
    step: (repository) => processNext(deps, repository),
  });
  let stopLooking = () => Promise.resolve();

  async function look(): Promise<void> {
    for (const repository of await inbox.dueRepositories(dataSource)) lanes.wake(repository);
  }

  return {
    wake: (repositoryKey) => lanes.wake(repositoryKey),
    start() {
      stopLooking = startRoutine(clock, LOOK_EVERY_MS, look, (err) => {
        logger.warn({ err }, 'the GitHub inbox could not be read');
      });
    },
    async stop() {
      await stopLooking();
      await lanes.stop();
    },
  };
}

async function processNext(deps: ProcessorDeps, repositoryKey: string): Promise<Left> {
  const taken: { delivery?: inbox.PendingDelivery } = {};
  try {
    return await inTransaction(deps.dataSource, async (manager) => {
      const next = await inbox.lockNext(manager, repositoryKey);
      if (next === null) return 'nothing';
      if (typeof next === 'number') return next;
      taken.delivery = next;
      await emitEvents(deps, manager, repositoryKey, next);
      return 'more';
    });
  } catch (error) {
    return taken.delivery && !isUnavailable(error)
      ? failedAttempt(deps, taken.delivery, error)
      : notReached(deps, repositoryKey, error);
  }
}

async function emitEvents(
  { broadcaster, projectsOf }: ProcessorDeps,
  manager: EntityManager,
  repositoryKey: string,
  delivery: inbox.PendingDelivery,
): Promise<void> {
  // GitHub's greeting to a new webhook: nothing has happened in the repository.
  if (delivery.github_event === 'ping') return inbox.finishDelivery(manager, delivery.id, 'done', []);
  const found = repositoryKey === '' ? [] : await projectsOf(manager, repositoryKey);
  const projects = found.filter(({ tenant }) => mayReach(delivery, tenant));
  const payload: unknown = projects.length > 0 ? JSON.parse(delivery.payload) : null;
  for (const { tenant, id: projectId } of projects) {
    const { event, data } = toEvent(delivery.github_event, payload, projectId);
    await broadcaster.in(manager).emit(event, data, { tenant, caller: 'github', id: eventKey(delivery, projectId) });
  }
  const reached = [...new Set(projects.map(({ tenant }) => tenant))];
  await inbox.finishDelivery(manager, delivery.id, reached.length > 0 ? 'done' : 'unmatched', reached);
}

function mayReach({ tenants, replay_tenant }: inbox.PendingDelivery, tenant: string): boolean {
  if (replay_tenant !== null && replay_tenant !== tenant) return false;
  return tenants.length === 0 || tenants.includes(tenant);
}

/** One event a project and replay. A project's id may be as long as a key, so its hash stands for it. */
function eventKey({ id, replays }: inbox.PendingDelivery, projectId: string): string {
  return `${id}.${String(replays)}.${createHash('sha256').update(projectId).digest('hex').slice(0, 32)}`;
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StorageUnavailable || (error instanceof RoomcastError && error.code === 'unavailable');
}

async function failedAttempt(deps: ProcessorDeps, delivery: inbox.PendingDelivery, error: unknown): Promise<Left> {
  const { attempts, firstMs } = deps.retry ?? RETRY;
  const last = delivery.attempts + 1 >= attempts;
  const waitMs = last ? null : firstMs * RETRY_FACTOR ** delivery.attempts;
  const about = { err: error, delivery: delivery.id, attempt: delivery.attempts + 1 };
  if (last) deps.logger.error(about, 'a GitHub delivery has failed and is given up');
  else deps.logger.warn(about, 'a GitHub delivery has failed and is tried again');
  try {
    await inbox.recordFailure(deps.dataSource, delivery, errorLine(error), waitMs);
    return waitMs ?? 'more';
  } catch (unrecorded) {
    return notReached(deps, delivery.id, unrecorded);
  }
}

function notReached({ logger }: ProcessorDeps, about: string, err: unknown): Left {
  logger.warn({ err, about }, 'GitHub deliveries wait for the database');
  return UNAVAILABLE_WAIT_MS;
}

function errorLine(error: unknown): string {
  const line = error instanceof Error ? error.message : String(error);
  return line.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').slice(0, MAX_ERROR);
}
