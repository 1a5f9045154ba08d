// A PostgreSQL of one's own, on a free port, with its data in a fresh temporary folder, for one run of tests.
// It can not outlive whoever started it: a guard process waits at the end of a pipe, and when the pipe closes (stop(),
// Ctrl-C, a crash, kill -9) it ends the server and removes the folder.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.mjs';
import { postgresBinaries } from './requirements.mjs';

// Not surviving a power cut is the only thing given up for speed: commits stay as synchronous as in production.
const QUICK = { fsync: 'off', full_page_writes: 'off' };
const SETTINGS = { max_connections: '200' };

/**
 * @param {{ durable?: boolean }} [options] durable: it also survives a power cut, as one in production does
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} the URL of its `postgres` database, as a user who may do
 * everything
 * @throws when PostgreSQL is not installed or does not start, with what it said
 */
export async function startPostgres({ durable = false } = {}) {
  const programs = postgresBinaries();
  if (!programs) throw new Error('PostgreSQL is not installed');
  const owner = serverUser();
  const directory = mkdtempSync(join(tmpdir(), 'roomcast-postgres-'));
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  const run = (program, ...args) => execFileSync(join(programs, program), args, { cwd: directory, ...owner });
  const guard = spawnGuard(join(programs, 'pg_ctl'), directory, owner);
  const stop = () => endGuard(guard);
  try {
    run('initdb', '-D', data, '-U', 'roomcast', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync');
    const port = await freePort();
    const settings = {
      ...SETTINGS,
      ...(durable ? {} : QUICK),
      port,
      unix_socket_directories: directory,
      listen_addresses: '127.0.0.1',
    };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
    run('pg_ctl', 'start', '-w', '-s', '-D', data, '-l', join(directory, 'log'), '-o', options.join(' '));
    return { url: `postgresql://roomcast@127.0.0.1:${port}/postgres`, stop };
  } catch (error) {
    const log = join(directory, 'log');
    const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
    await stop();
    throw new Error(`PostgreSQL did not start: ${error.message}\n${said}`, { cause: error });
  }
}

// PostgreSQL refuses to run as root.
function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag, name) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u', 'postgres'), gid: id('-g', 'postgres') };
  } catch {
    return { uid: id('-u', 'nobody'), gid: id('-g', 'nobody') };
  }
}

// A session of its own keeps it alive through a Ctrl-C, which goes to the whole group of the terminal. It does not keep
// the process that started it alive.
function spawnGuard(pgCtl, directory, owner) {
  const script = 'read -r _; "$1" stop -s -m immediate -D "$2/data"; rm -rf "$2"';
  const args = ['-c', script, 'guard', pgCtl, directory];
  const guard = spawn('sh', args, { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'], detached: true, ...owner });
  guard.unref();
  guard.stdin.unref();
  return guard;
}

async function endGuard(guard) {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  const exited = once(guard, 'exit');
  guard.ref();
  guard.stdin.end();
  await exited;
}
