// The packages as others get them: packed, installed into a project that is not ours, on both Nodes.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nodes } from './node-versions.js';
import { runProgram } from './run-program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_WITHIN_MS = 120_000;
let consumer: string;

beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'roomcast-consumer-'));
  await runProgram(root, 'npx', 'tsc', '-b', 'protocol', 'server');
  const tarballs = join(consumer, 'tarballs');
  await mkdir(tarballs);
  await cp(fileURLToPath(new URL('./consumer', import.meta.url)), consumer, { recursive: true });
  await writeFile(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', type: 'module', private: true }));
  await runProgram(root, 'npm', 'pack', '--workspace=protocol', '--workspace=server', `--pack-destination=${tarballs}`);
  const packed = (await readdir(tarballs)).map((file) => join(tarballs, file));
  await runProgram(consumer, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packed);
}, INSTALL_WITHIN_MS);

afterAll(() => rm(consumer, { recursive: true }));

describe('the packed packages', () => {
  it.each(nodes)('load and work on %s', async (_name, node) => {
    await expect(runProgram(consumer, node, 'run.mjs')).resolves.toContain('loaded on Node');
  });

  it('compile in a strict TypeScript project, and refuse wrong events there', async () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const typeRoots = join(root, 'node_modules', '@types');
    await runProgram(consumer, process.execPath, compiler, ...options, '--typeRoots', typeRoots, 'typed-use.ts');
  });
});
