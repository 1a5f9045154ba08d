/**
 * The files of a new embedded database: made beside their place and moved there when whole, so that a process killed
 * during its first start leaves nothing that the next one stumbles over. The thread that makes them ends, which gives
 * back the half gigabyte of memory that the making takes.
 */
import { access, rename, rm } from 'node:fs/promises';
import { startDatabaseThread } from './database-thread.js';
import { codeOf } from './system-error.js';

/** Makes the files if there are none; takes some seconds then. The caller holds the lock of the directory around. */
export async function ensureDatabaseFiles(directory: string): Promise<void> {
  if (await exists(directory)) return;
  const unfinished = `${directory}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const thread = await startDatabaseThread(unfinished);
  await thread.close();
  await rename(unfinished, directory);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
