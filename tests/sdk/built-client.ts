// The client's package as it is shipped: made complete once, and used from folders that are not part of this repository's
// own build.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { runProgram } from '../smoke/run-program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const clientFolder = join(root, 'client-sdk');

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** Declarations and browser files; the modules are there already. */
export async function completePackage(): Promise<void> {
  await runProgram(root, join(root, 'node_modules', '.bin', 'tsc'), '-b', 'client-sdk');
  await runProgram(root, process.execPath, join(root, 'scripts', 'build-client.mjs'));
}

/** A folder where `@roomcast/client` can be imported, with files in it. It is gone after the tests of the file. */
export async function consumer(files: Readonly<Record<string, string>>): Promise<string> {
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'client-consumer-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Type-checks a file as a strict project would. @throws what the compiler says */
export async function typeCheck(folder: string, ...files: string[]): Promise<void> {
  const options = [
    '--ignoreConfig',
    '--strict',
    '--noEmit',
    '--target',
    'es2023',
    '--lib',
    'es2023',
    '--module',
    'nodenext',
  ];
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
  await runProgram(folder, join(root, 'node_modules', '.bin', 'tsc'), ...options, ...types, ...files);
}
