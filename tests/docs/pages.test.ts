// What the pages say about this repository: links and files exist, promises are named by tests, packages are explained.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { allPages, anchorsOf, partsOf, proseOf, readPage, root } from './markdown.js';

const exists = (path: string) => existsSync(join(root, path));

function filesBelow(place: string): string[] {
  if (!exists(place)) return [];
  if (!statSync(join(root, place)).isDirectory()) return [place];
  const entries = readdirSync(join(root, place), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

describe.each(allPages())('%s', (page) => {
  it('links to what exists', () => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const dead = links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path, anchor] = link.split('#');
        const target = path ? join(dirname(page), path) : page;
        return !exists(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      });
    expect(dead).toEqual([]);
  });

  it('names files that exist', () => {
    const names = [...proseOf(page).matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+\.\w+)?|[\w-]+\.(?:ts|mjs))`/g)];
    const below = ['', 'server/src/', `${dirname(page)}/`];
    const unknown = names.map(([, name = '']) => name).filter((name) => !below.some((folder) => exists(folder + name)));
    expect(unknown).toEqual([]);
  });
});

it('whoever reads the pages from top to bottom does all that they show', () => {
  const done = ['README.md', 'docs/agents.md', 'docs/operations.md', 'docs/workflows.md'];
  const others = allPages().filter((page) => /^(docs|examples)\//.test(page) && !done.includes(page));
  expect(others.filter((page) => partsOf(page).some((part) => part.kind === 'code'))).toEqual([]);
});

it('pictures are small', () => {
  const pictures = readdirSync(join(root, 'docs')).filter((file) => /\.(svg|png)$/.test(file));
  expect(pictures.length).toBeGreaterThan(0);
  for (const picture of pictures) expect(statSync(join(root, 'docs', picture)).size).toBeLessThan(100_000);
});

describe('docs/delivery.md', () => {
  const rows = [...readPage('docs/delivery.md').matchAll(/^\| (P\d) +\|.*\|(.*)\|$/gm)];
  const promises = rows.map(([, promise = '', shownBy = '']) => {
    return { promise, places: [...shownBy.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place) };
  });

  it('promises P1 to P9', () => {
    expect(promises.map(({ promise }) => promise)).toEqual(
      Array.from({ length: 9 }, (_, index) => `P${String(index + 1)}`),
    );
  });

  it.each(promises)('$promise is named by each test that it says shows it', ({ promise, places }) => {
    expect(places.length).toBeGreaterThan(0);
    const names = (file: string) => new RegExp(`\\b${promise}\\b`).test(readFileSync(join(root, file), 'utf8'));
    expect(places.filter((place) => !filesBelow(place).some(names))).toEqual([]);
  });
});

describe('docs/decisions.md', () => {
  const table = [...readPage('docs/decisions.md').matchAll(/^\| (.+?) +\|/gm)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const named = table.filter((name) => !/^(package|-+)$/.test(name));

  const manifests = ['', 'protocol/', 'server/', 'client-sdk/'].map((folder) => `${folder}package.json`);
  const packages = manifests.flatMap((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<string, object | undefined>;
    return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  });

  it('says what each package is for', () => {
    const explained = (name: string) => named.includes(name) || /^@(roomcast|types)\//.test(name);
    expect(packages.filter((name) => !explained(name))).toEqual([]);
  });

  it('speaks of no package that is not there any more', () => {
    expect(named.filter((name) => !packages.includes(name))).toEqual([]);
  });
});
