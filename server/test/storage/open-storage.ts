// Storages for tests: each closed, and its database removed, at the end of the test that opened it, or of the file.
import { cp } from 'node:fs/promises';
import { afterAll, afterEach, beforeEach } from '@jest/globals';
import { type DatabaseKind, type TestDatabase, testDatabase } from '../../../tests/support/database.js';
import { type Storage, type StorageDeps, createStorage } from '../../src/storage/storage.js';

export const bothKinds: readonly DatabaseKind[] = ['postgres', 'embedded'];

/** What the storage reported: message and details of each. */
export type Report = { level: 'info' | 'warn' | 'error'; message: string; details: object };

export interface OpenedStorage {
  readonly storage: Storage;
  readonly database: TestDatabase;
  readonly reports: readonly Report[];
}

const closing: Array<() => Promise<void>> = [];
let openedBefore = 0;

async function closeDownTo(count: number): Promise<void> {
  for (const close of closing.splice(count).reverse()) await close();
}

beforeEach(() => void (openedBefore = closing.length));
afterEach(() => closeDownTo(openedBefore));
afterAll(() => closeDownTo(0));

/** Something else to close at the end, before what was opened earlier. */
export function closeAtEnd(close: () => Promise<void>): void {
  closing.push(close);
}

/** An empty database of this kind, removed at the end. */
export async function emptyDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await emptyPlace(kind);
  if (kind === 'embedded') {
    prepared ??= prepare();
    await cp(await prepared, database.dataDir, { recursive: true });
  }
  return database;
}

/** The same without even the files that an embedded database makes at its first start. */
export async function emptyPlace(kind: DatabaseKind): Promise<TestDatabase> {
  const database = await testDatabase(kind);
  closing.push(() => database.drop());
  return database;
}

let prepared: Promise<string> | undefined;

/** Making the files of an embedded database takes some seconds, copying them does not. */
async function prepare(): Promise<string> {
  const { dataDir, drop } = await testDatabase('embedded');
  const storage = await createStorage({ dataDir, entities: [], migrations: [], logger: recorder().logger });
  await storage.query('drop table roomcast_migrations');
  await storage.close();
  afterPrepared.push(drop);
  return dataDir;
}

const afterPrepared: Array<() => Promise<void>> = [];

afterAll(() => Promise.all(afterPrepared.map((drop) => drop())));

/** A storage without migrations and entities unless they are given. */
export async function openStorage(
  on: DatabaseKind | TestDatabase,
  deps: Partial<StorageDeps> = {},
): Promise<OpenedStorage> {
  const database = typeof on === 'string' ? await emptyDatabase(on) : on;
  const { databaseUrl, dataDir } = database;
  const { reports, logger } = recorder();
  const storage = await createStorage({ databaseUrl, dataDir, entities: [], migrations: [], logger, ...deps });
  closing.push(() => storage.close());
  return { storage, database, reports };
}

/** A logger that keeps what it is told. */
export function recorder() {
  const reports: Report[] = [];
  const record = (level: Report['level']) => (details: object, message: string) =>
    void reports.push({ level, message, details });
  return { reports, logger: { info: record('info'), warn: record('warn'), error: record('error') } };
}
