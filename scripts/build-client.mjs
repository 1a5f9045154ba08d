// The client's forms: modules for Node and bundlers (ESM, CommonJS), and, when the package is made, what browsers get:
// one file with everything in it, as a module and for a script element, and declarations for both module systems.
// Run by itself it makes the package complete, after `scripts/build.mjs` and `tsc -b`.
// The entries are those of `exports` in its package.json: `./chat` is `src/chat/index.ts`, and what has a condition
// `browser` there is also made for browsers.
import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as esbuild } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'client-sdk', 'src');
const dist = join(root, 'client-sdk', 'dist');
const target = 'es2022';

const { exports } = JSON.parse(readFileSync(join(root, 'client-sdk', 'package.json'), 'utf8'));
const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
// The client itself is `.`; each other entry adds to it, and holds no second copy of it or of a package.
const additions = entries.filter((entry) => entry !== '.' && exports[entry].browser);
const sourceOf = (entry) => join(src, entry, 'index.ts');

/** @returns {Promise<[path: string, contents: Uint8Array][]>} the modules for Node and bundlers */
export async function bundleClient() {
  const entryPoints = entries.map(sourceOf);
  const common = { entryPoints, outdir: dist, outbase: src, bundle: true, packages: 'external', target, write: false };
  const forms = await Promise.all([
    esbuild({ ...common, format: 'esm', sourcemap: true }),
    esbuild({ ...common, format: 'cjs', sourcemap: true, outExtension: { '.js': '.cjs' } }),
  ]);
  return forms.flatMap(({ outputFiles }) => outputFiles.map(({ path, contents }) => [path, contents]));
}

/** Writes what only the finished package needs. */
async function completePackage() {
  await Promise.all([bundleForBrowsers(), declarationsForCommonJs()]);
}

/** Writes the files that browsers load: `browser/index.js`, `browser/roomcast.global.js`, `browser/chat.js`, … */
export async function bundleForBrowsers() {
  const client = { plugins: [onlyWhatIsUsed] };
  const addition = { packages: 'external' };
  await Promise.all([
    browserFile('index.js', '.', { ...client, format: 'esm' }),
    browserFile('index.cjs', '.', { ...client, format: 'cjs' }),
    browserFile('roomcast.global.js', '.', { ...client, format: 'iife', globalName: 'Roomcast' }),
    ...additions.flatMap((entry) => [
      browserFile(`${entry}.js`, entry, { ...addition, format: 'esm' }),
      browserFile(`${entry}.cjs`, entry, { ...addition, format: 'cjs' }),
    ]),
  ]);
}

async function browserFile(name, entry, form) {
  const { minify } = await import('@swc/core');
  const bundle = {
    entryPoints: [sourceOf(entry)],
    bundle: true,
    platform: 'browser',
    minify: true,
    write: false,
  };
  const { outputFiles } = await esbuild({ ...bundle, ...form, target });
  // What stands at the top of a script is global, and keeps its name.
  const toplevel = form.format !== 'iife';
  const options = { compress: { passes: 3, toplevel }, mangle: { toplevel }, ecma: 2022 };
  const { code } = await minify(outputFiles[0].text, { ...options, module: form.format === 'esm' });
  await mkdir(join(dist, 'browser'), { recursive: true });
  await writeFile(join(dist, 'browser', name), code);
}

// What of the socket library a page does not load: other transports than WebSocket, binary packets, which the protocol
// does not have, and reconnecting, which the client does itself. Each file stands for one of the library.
const instead = {
  'engine.io-client/build/esm/transports/index.js':
    "import { WS } from './websocket.js'; export const transports = { websocket: WS };",
  'engine.io-client/build/esm/index.js': `
    export { Socket } from './socket.js';
    export { installTimerFunctions } from './util.js';
    export { nextTick } from './globals.js';`,
  'socket.io-client/build/esm/index.js': "export { Manager } from './manager.js';",
  'socket.io-client/build/esm/contrib/backo2.js': 'export class Backoff { reset() {} }',
  'socket.io-parser/build/esm/is-binary.js': 'export const isBinary = () => false, hasBinary = isBinary;',
  'socket.io-parser/build/esm/binary.js': 'export const deconstructPacket = null, reconstructPacket = null;',
};

const onlyWhatIsUsed = {
  name: 'only-what-is-used',
  setup(build) {
    const seen = new Set();
    for (const [file, contents] of Object.entries(instead)) {
      const filter = new RegExp(`/node_modules/${file.replaceAll('.', '[.]')}$`);
      build.onLoad({ filter }, ({ path }) => {
        seen.add(file);
        return { contents, resolveDir: dirname(path) };
      });
    }
    build.onEnd(() => {
      const missing = Object.keys(instead).filter((file) => !seen.has(file));
      if (missing.length > 0) throw new Error(`The socket library has no ${missing.join(', ')} any more`);
    });
  },
};

// TypeScript reads a declaration as that of a CommonJS module by its name alone, and so are those that it imports.
async function declarationsForCommonJs() {
  const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.d.ts'));
  if (files.length === 0) throw new Error('There are no declarations: run tsc -b before');
  for (const file of files) {
    const text = await readFile(join(dist, file), 'utf8');
    const commonJs = text
      .replaceAll(/(from|import\()(\s*)'(\.[^']+)\.js'/g, "$1$2'$3.cjs'")
      .replaceAll(/from '(@roomcast\/protocol)'/g, "from '$1' with { 'resolution-mode': 'import' }")
      .replace(/^\/\/# sourceMappingURL=.*$/m, '');
    await writeFile(join(dist, file.replace(/\.d\.ts$/, '.d.cts')), commonJs);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await completePackage();
