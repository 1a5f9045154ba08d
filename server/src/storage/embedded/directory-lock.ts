/**
 * One process a directory: two embedded databases on the same files silently lose data. The lock is a file that names
 * its holder; a holder that is dead (kill -9, power cut) is succeeded by whoever comes next, and by one only.
 *
 * Succession is a chain of files, each made once and for ever by an exclusive link: the lock file names holder A; who
 * finds A dead makes `lock.after-A`, and if that one is found dead too, its successor `lock.after-B`. The living end of
 * the chain then becomes the lock file by one rename. Nobody ever removes what another may have made.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { identityOf, isAlive } from './process-identity.js';
import { codeOf } from './system-error.js';

/** A living process holds the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
}

export interface DirectoryLock {
  /** Lets the next one in. */
  release(): Promise<void>;
}

const holderSchema = z.object({
  /** Unique for every attempt to hold: what names the successor's file. */
  id: z.uuid(),
  pid: z.int().positive(),
  start_time: z.string().nullable(),
  boot_id: z.string().nullable(),
});

type Holder = z.infer<typeof holderSchema>;

/**
 * Takes the lock of a directory that exists.
 * @param options.proc where the system's process table is mounted
 * @throws DirectoryInUse: "another roomcast (pid 123) uses .data"
 */
export async function lockDirectory(directory: string, { proc = '/proc' } = {}): Promise<DirectoryLock> {
  const path = join(directory, 'roomcast.lock');
  const self: Holder = { id: randomUUID(), ...(await identityOf(process.pid, proc)) };
  // Written and flushed before anybody can see it as the lock: a lock file is never half a file.
  const card = `${path}.${self.id}`;
  await writeFile(card, JSON.stringify(self), { flag: 'wx', mode: 0o600, flush: true });
  try {
    while (!(await linked(card, path)) && !(await succeed(path, card, directory, proc)));
  } finally {
    await rm(card, { force: true });
  }
  return { release: () => release(path, self) };
}

/** One attempt to follow a dead holder; false if the chain changed meanwhile and has to be read again. */
async function succeed(path: string, card: string, directory: string, proc: string): Promise<boolean> {
  const chain = await readChain(path);
  const [first, last] = [chain.at(0), chain.at(-1)];
  if (first === undefined || last === undefined) return false;
  // Only a holder or a successor changes the lock file. Once it was changed the chain is history and claims are void.
  const isHistory = async () => (await readHolder(path))?.id !== first.id;
  if (await isAlive(last, proc)) {
    if (await isHistory()) return false;
    throw new DirectoryInUse(`another roomcast (pid ${String(last.pid)}) uses ${directory}`);
  }
  const claim = successorOf(path, last);
  if (!(await linked(card, claim))) return false;
  if (await isHistory()) {
    await unlink(claim);
    return false;
  }
  await rename(card, path);
  for (const dead of chain) await unlink(successorOf(path, dead));
  return true;
}

async function release(path: string, self: Holder): Promise<void> {
  if ((await readHolder(path))?.id === self.id) await unlink(path);
}

/** The lock's holder and those who succeeded, oldest first. */
async function readChain(path: string): Promise<Holder[]> {
  const chain: Holder[] = [];
  let next = await readHolder(path);
  while (next !== null) {
    chain.push(next);
    next = await readHolder(successorOf(path, next));
  }
  return chain;
}

function successorOf(path: string, { id }: Holder): string {
  return `${path}.after-${id}`;
}

/** A hard link exists with its whole content or not at all, and is made by one only. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return parseHolder(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseHolder(text: string, path: string): Holder {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is not a lock of roomcast: remove it if no roomcast uses the directory`, { cause: error });
  }
}
