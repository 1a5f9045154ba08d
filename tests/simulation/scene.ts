// What a schedule plays with, shared by all that act in it.
import type { Client } from './client.js';
import type { Database } from './database.js';
import type { SimulatedNode } from './node.js';
import type { Random } from './random.js';
import type { Owner, Scheduler } from './scheduler.js';
import type { Suite } from './suites.js';
import type { StreamOfRooms } from './topology.js';
import type { Verdict } from './verdict.js';

export interface Scene {
  readonly suite: Suite;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly verdict: Verdict;
  readonly database: Database;
  readonly streams: readonly StreamOfRooms[];
  readonly nodes: readonly SimulatedNode[];
  readonly clients: readonly Client[];
  /** Whose actions belong to no process. */
  readonly owner: Owner;
}

export function roomsOf({ streams }: Pick<Scene, 'streams'>): string[] {
  return streams.flatMap((stream) => stream.rooms);
}
