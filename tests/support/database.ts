// The same tests on both databases: TEST_DATABASE says which one a run uses.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabase } from './services.js';

export type DatabaseKind = 'postgres' | 'embedded';

/** An empty place for a server's data, on the database that this run is about. */
export interface TestDatabase {
  kind: DatabaseKind;
  /** Where a server process keeps its files; empty on PostgreSQL but for what the server itself puts there. */
  dataDir: string;
  /** Set on PostgreSQL only. */
  databaseUrl?: string;
  /** The variables that point a server process here. */
  env: Record<string, string>;
  /** Removes it; whoever used it has closed it before. */
  drop(): Promise<void>;
}

/** @returns which database this run is about: `TEST_DATABASE`, else PostgreSQL */
export function databaseKind(): DatabaseKind {
  const chosen = process.env.TEST_DATABASE ?? 'postgres';
  if (chosen === 'postgres' || chosen === 'embedded') return chosen;
  throw new Error(`TEST_DATABASE is "${chosen}"; it takes postgres or embedded`);
}

/** Makes an empty database of the run's kind, or of the kind given. */
export async function testDatabase(kind: DatabaseKind = databaseKind()): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'roomcast-data-'));
  const removeFiles = () => rm(dataDir, { recursive: true, force: true });
  if (kind === 'embedded') return { kind, dataDir, env: { DATA_DIR: dataDir }, drop: removeFiles };
  const { url, drop } = await freshDatabase();
  return {
    kind,
    dataDir,
    databaseUrl: url,
    env: { DATA_DIR: dataDir, DATABASE_URL: url },
    async drop() {
      await drop();
      await removeFiles();
    },
  };
}
