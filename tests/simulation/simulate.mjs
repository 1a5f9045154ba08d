// Bundles the simulation with the shipped sources, or with a mutant of them, and runs it. README.md tells its options.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const server = here('../../server/src/');
const cache = here('../../node_modules/.cache/simulation');
await mkdir(cache, { recursive: true });

const at = process.argv.indexOf('--mutant');
const [, name] = at === -1 ? [] : process.argv.splice(at, 2);
process.setSourceMapsEnabled(true);
await run('run.ts', name === undefined ? [] : [patches(await mutant(name))]);

/** Bundles a module and imports it. */
async function run(entry, plugins) {
  const outfile = `${cache}/${entry}-${process.pid}.mjs`;
  await build({
    entryPoints: [here(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    alias: { '@roomcast/protocol': here('../../protocol/src/index.ts') },
    external: ['zod', 'typeorm', 'uuid'],
    plugins,
  });
  try {
    return await import(outfile);
  } finally {
    await rm(outfile);
  }
}

async function mutant(name) {
  const { mutants } = await run('mutants.ts', []);
  const found = mutants.find((one) => one.name === name);
  if (!found) throw new Error(`no mutant "${name}": ${mutants.map((one) => `\n  ${one.name}`).join('')}`);
  return found;
}

/** Changes sources as they are loaded. */
function patches({ name, changes }) {
  return {
    name: 'mutant',
    setup({ onLoad, onEnd }) {
      const open = new Set(changes);
      onLoad({ filter: /server[/\\]src[/\\].*\.ts$/ }, async ({ path }) => {
        const own = changes.filter(({ file }) => path === `${server}${file}`);
        if (own.length === 0) return undefined;
        let contents = await readFile(path, 'utf8');
        for (const change of own) {
          const { file, find, replace } = change;
          const times = contents.split(find).length - 1;
          if (times !== 1)
            throw new Error(`mutant "${name}" must be adapted: ${file} has this ${times} times:\n${find}`);
          contents = contents.replace(find, () => replace);
          open.delete(change);
        }
        return { contents, loader: 'ts' };
      });
      onEnd(({ errors }) => {
        if (errors.length === 0 && open.size > 0)
          throw new Error(`mutant "${name}" must be adapted: nothing loads its files`);
      });
    },
  };
}
