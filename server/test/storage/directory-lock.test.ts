// Who may open the files of an embedded database: one living process, whatever the dead have left.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../tests/support/eventually.js';
import { DirectoryInUse, lockDirectory } from '../../src/storage/embedded/directory-lock.js';
import { type ProcessIdentity, identityOf, isAlive } from '../../src/storage/embedded/process-identity.js';
import { startChild } from './child-process.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'roomcast-lock-'));
});

afterEach(() => rm(directory, { recursive: true }));

const lockFile = () => join(directory, 'roomcast.lock');

/** What a dead holder has left: its lock or, given whom it followed, its claim. */
async function leave(identity: ProcessIdentity, after?: string): Promise<string> {
  const id = randomUUID();
  const card = join(directory, `roomcast.lock.${id}`);
  await writeFile(card, JSON.stringify({ id, ...identity }));
  await link(card, after === undefined ? lockFile() : `${lockFile()}.after-${after}`);
  await rm(card);
  return id;
}

async function deadProcess(): Promise<ProcessIdentity> {
  const child = spawn('true');
  const exited = once(child, 'exit');
  const identity = await identityOf(child.pid ?? 0);
  await exited;
  return identity;
}

describe('the lock of a directory', () => {
  it('is a file that names its holder, and is gone after its release', async () => {
    const lock = await lockDirectory(directory);
    expect(await readdir(directory)).toEqual(['roomcast.lock']);
    const holder: unknown = JSON.parse(await readFile(lockFile(), 'utf8'));
    expect(holder).toMatchObject(await identityOf(process.pid));
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is refused while its holder lives, in the same process too', async () => {
    const lock = await lockDirectory(directory);
    const second = lockDirectory(directory);
    await expect(second).rejects.toThrow(DirectoryInUse);
    await expect(second).rejects.toThrow(`another roomcast (pid ${String(process.pid)}) uses ${directory}`);
    await lock.release();
    await (await lockDirectory(directory)).release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is taken over from a process that was killed, and not before', async () => {
    const child = startChild('lock-holder', directory);
    child.tell('go');
    expect(await child.heard(2)).toEqual(['ready', 'locked']);
    await expect(lockDirectory(directory)).rejects.toThrow(`(pid ${String(child.pid)})`);
    await child.kill();
    await lockDirectory(directory);
    expect(await readdir(directory)).toEqual(['roomcast.lock']);
  });

  it('is taken over where the pid now belongs to another process', async () => {
    const { pid, boot_id } = await identityOf(process.pid);
    await leave({ pid, boot_id, start_time: '1' });
    await lockDirectory(directory);
  });

  it('is taken over where the pid and start time are those of a process of another boot', async () => {
    await leave({ ...(await identityOf(process.pid)), boot_id: randomUUID() });
    await lockDirectory(directory);
  });

  it('is not released by who does not hold it any more', async () => {
    const lock = await lockDirectory(directory);
    await rm(lockFile());
    await leave(await identityOf(process.pid));
    await lock.release();
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUse);
  });

  it('is followed through successors that died on the way, and through claims that count for nothing', async () => {
    const dead = await deadProcess();
    const second = await leave(dead, await leave(dead));
    await leave(dead, second);
    await leave(dead, randomUUID());
    await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUse);
  });

  it('is refused while a successor of a dead holder lives', async () => {
    await leave(await identityOf(process.pid), await leave(await deadProcess()));
    await expect(lockDirectory(directory)).rejects.toThrow(DirectoryInUse);
  });

  it('says what to do about a file that is no lock', async () => {
    await writeFile(lockFile(), 'something else');
    await expect(lockDirectory(directory)).rejects.toThrow('remove it if no roomcast uses the directory');
    expect(await readdir(directory)).toEqual(['roomcast.lock']);
  });

  it('goes to exactly one of many who find a dead holder at the same time', async () => {
    const dead = await deadProcess();
    for (let round = 0; round < 50; round += 1) {
      if (round % 3 > 0) await leave(dead, round % 3 === 1 ? undefined : await leave(dead));
      const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => lockDirectory(directory)));
      const locks = attempts.filter((attempt) => attempt.status === 'fulfilled');
      const refusals = attempts.filter((attempt) => attempt.status === 'rejected');
      expect(locks).toHaveLength(1);
      for (const { reason } of refusals) expect(reason).toBeInstanceOf(DirectoryInUse);
      await locks[0]?.value.release();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it('goes to exactly one of several processes that find a dead holder at the same time', async () => {
    const children = Array.from({ length: 5 }, () => startChild('lock-holder', directory));
    await Promise.all(children.map((child) => child.heard(1)));
    await leave(await deadProcess());
    for (const child of children) child.tell('go');
    const answers = await Promise.all(children.map(async (child) => (await child.heard(2))[1]));
    const winner = children[answers.indexOf('locked')]?.pid;
    const refusal = `DirectoryInUse: another roomcast (pid ${String(winner)}) uses ${directory}`;
    expect(answers.sort()).toEqual([refusal, refusal, refusal, refusal, 'locked']);
    await Promise.all(children.map((child) => child.kill()));
  });
});

describe('the identity of a process', () => {
  it('tells a living process from all that is not it', async () => {
    const self = await identityOf(process.pid);
    expect(await isAlive(self)).toBe(true);
    expect(await isAlive({ ...self, start_time: '1' })).toBe(false);
    expect(await isAlive({ ...self, boot_id: randomUUID() })).toBe(false);
    expect(await isAlive(await deadProcess())).toBe(false);
  });

  it('takes a zombie for dead', async () => {
    // A parent that stands still never learns that its child has ended.
    const program = `
      const { pid } = require('node:child_process').spawn('true');
      require('node:fs').writeSync(1, String(pid));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const parent = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: unknown = (await once(parent.stdout, 'data')).at(0);
    const zombie = await identityOf(Number(String(said)));
    expect(zombie.start_time).not.toBeNull();
    await eventually(async () => !(await isAlive(zombie)));
    expect((await identityOf(zombie.pid)).start_time).toBe(zombie.start_time);
    parent.kill('SIGKILL');
    await once(parent, 'close');
  });

  it('has the pid alone where there is no /proc', async () => {
    const proc = join(directory, 'nothing');
    const self = await identityOf(process.pid, proc);
    expect(self).toEqual({ pid: process.pid, start_time: null, boot_id: null });
    expect(await isAlive(self, proc)).toBe(true);
    expect(await isAlive(await deadProcess(), proc)).toBe(false);
  });

  it('reads the start time of a program whose name looks like more fields', async () => {
    const proc = join(directory, 'proc');
    await mkdir(join(proc, '7'), { recursive: true });
    const fields = ['S', ...Array.from({ length: 30 }, (_, index) => String(index + 4))];
    await writeFile(join(proc, '7', 'stat'), `7 (a) S 1 (b) ${fields.join(' ')}\n`);
    expect(await identityOf(7, proc)).toEqual({ pid: 7, start_time: '22', boot_id: null });
  });
});
