// Turns each package's TypeScript into JavaScript, file by file, ready to run; declarations come from `tsc -b`.
// A file is written only when its content changes, and what no source makes any more is removed, so that a build
// beside a running server or a second build touches nothing.
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild } from 'esbuild';
import { bundleClient } from './build-client.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const packages = ['protocol', 'server'];
const client = join(root, 'client-sdk');

/** Builds every package. @throws when a source does not parse; esbuild has printed where */
export async function build() {
  const modules = packages.map((name) => buildPackage(join(root, name, 'src'), join(root, name, 'dist')));
  await Promise.all([...modules, buildClient(join(client, 'src'), join(client, 'dist'))]);
}

async function buildClient(src, dist) {
  const outputs = await bundleClient();
  await removeStale(src, dist);
  await Promise.all(outputs.map(([path, contents]) => writeIfChanged(path, contents)));
}

async function buildPackage(src, dist) {
  // Without its outputs, what tsc remembers of having made them is wrong.
  if (!existsSync(dist)) await rm(join(dist, '..', 'tsconfig.tsbuildinfo'), { force: true });
  const files = await filesBelow(src);
  const sources = files.filter((file) => file.endsWith('.ts'));
  const assets = files.filter((file) => !file.endsWith('.ts'));
  const outputs = new Map(await compile(sources, src, dist));
  for (const asset of assets) outputs.set(join(dist, relative(src, asset)), await readFile(asset));
  await removeStale(src, dist);
  await Promise.all([...outputs].map(([path, contents]) => writeIfChanged(path, contents)));
}

async function compile(sources, src, dist) {
  const { outputFiles } = await esbuild({
    entryPoints: sources,
    outdir: dist,
    outbase: src,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    write: false,
  });
  return outputFiles.map(({ path, contents }) => [path, contents]);
}

async function removeStale(src, dist) {
  const kept = new Set((await filesBelow(src)).map((file) => relative(src, file).replace(/\.ts$/, '')));
  for (const file of await filesBelow(dist)) {
    const source = relative(dist, file).replace(/(\.d\.c?ts|\.c?js)(\.map)?$/, '');
    if (!kept.has(source) && dirname(source) !== 'browser') await rm(file);
  }
}

async function writeIfChanged(path, contents) {
  const present = await readFile(path).catch(ignoreMissing);
  if (present?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

async function filesBelow(directory) {
  const entries = (await readdir(directory, { recursive: true, withFileTypes: true }).catch(ignoreMissing)) ?? [];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function ignoreMissing(error) {
  if (error.code !== 'ENOENT') throw error;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
