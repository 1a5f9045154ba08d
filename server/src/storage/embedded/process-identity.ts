/**
 * Which process a pid meant. A pid is used again soon, in containers at once, so a lock file also records when the
 * process started and in which life of the machine. Without /proc (macOS, Windows) the pid alone has to do.
 */
import { readFile } from 'node:fs/promises';
import { codeOf } from './system-error.js';

/** One process, now and for ever. Null where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's: field 22 of /proc/<pid>/stat, proc_pid_stat(5). */
  readonly start_time: string | null;
  readonly boot_id: string | null;
}

/** @param proc where the system's process table is mounted */
export async function identityOf(pid: number, proc = '/proc'): Promise<ProcessIdentity> {
  const stat = await readStat(pid, proc);
  return { pid, start_time: stat?.startTime ?? null, boot_id: await bootId(proc) };
}

/** Whether exactly this process is alive: not another with its pid, not a zombie that waits to be reaped. */
export async function isAlive(identity: ProcessIdentity, proc = '/proc'): Promise<boolean> {
  const boot = await bootId(proc);
  if (boot !== null && identity.boot_id !== null && boot !== identity.boot_id) return false;
  const stat = await readStat(identity.pid, proc);
  if (stat === null) return answersSignals(identity.pid, boot !== null);
  const sameStart = identity.start_time === null || identity.start_time === stat.startTime;
  return sameStart && stat.state !== 'Z' && stat.state !== 'X';
}

async function bootId(proc: string): Promise<string | null> {
  return (await readIfThere(`${proc}/sys/kernel/random/boot_id`))?.trim() ?? null;
}

async function readStat(pid: number, proc: string): Promise<{ state: string; startTime: string } | null> {
  const text = await readIfThere(`${proc}/${pid}/stat`);
  // The second field is the program's name in parentheses, which may itself hold blanks and parentheses.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return state === undefined || startTime === undefined ? null : { state, startTime };
}

/**
 * Signal 0 asks whether there is such a process. EPERM: it is another user's, whom a /proc mounted with hidepid hides;
 * one of our own user that /proc does not show has ended in this moment.
 */
function answersSignals(pid: number, hasProc: boolean): boolean {
  try {
    process.kill(pid, 0);
    return !hasProc;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    // ESRCH: the process ended while its file was being read.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return null;
    throw error;
  }
}
