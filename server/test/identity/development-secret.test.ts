import { mkdtemp, readdir, readFile, rm, stat, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadOrCreateSecret } from '../../src/identity/development-secret.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'roomcast-secret-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('the development secret', () => {
  it('is made once, with its directory, and only its owner may read it', async () => {
    const dataDir = join(root, 'deep', 'data');
    const secret = await loadOrCreateSecret(dataDir);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await loadOrCreateSecret(dataDir)).toBe(secret);
    expect(await mode(join(dataDir, 'jwt-secret'))).toBe(0o600);
  });

  it('is another one in another directory', async () => {
    expect(await loadOrCreateSecret(join(root, 'a'))).not.toBe(await loadOrCreateSecret(join(root, 'b')));
  });

  it('is the same for all who start at once, and leaves no drafts', async () => {
    const secrets = await Promise.all(Array.from({ length: 50 }, () => loadOrCreateSecret(root)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(root)).toEqual(['jwt-secret']);
  });

  it('is closed to others when somebody has opened it', async () => {
    const secret = await loadOrCreateSecret(root);
    const path = join(root, 'jwt-secret');
    await chmod(path, 0o644);
    expect(await loadOrCreateSecret(root)).toBe(secret);
    expect(await mode(path)).toBe(0o600);
  });

  it('is never taken from a file that holds none, and never overwritten', async () => {
    const path = join(root, 'jwt-secret');
    await writeFile(path, '');
    await expect(loadOrCreateSecret(root)).rejects.toThrow(/holds no secret; remove it/);
    expect(await readFile(path, 'utf8')).toBe('');
  });
});
