// Which process executes runs here. Where a node was started again on the same machine, the process before it is known
// to be dead, and what it has left is taken up at once instead of after its time is over.
import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { identityOf, isAlive } from '../storage/embedded/process-identity.js';
import type { NodeProcess } from './node-store.js';

export async function thisProcess(): Promise<NodeProcess> {
  return { ...(await identityOf(process.pid)), place: await placeOfPids() };
}

/** Whether this process, which may be of another machine, is known not to live any more. */
export async function isKnownDead(other: NodeProcess, self: NodeProcess): Promise<boolean> {
  if (self.place === null || other.place !== self.place) return false;
  return !(await isAlive(other));
}

/** In containers pids are counted anew, so a host's name does not say whose pids these are. */
async function placeOfPids(): Promise<string | null> {
  try {
    return `${hostname()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}
