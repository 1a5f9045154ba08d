// A page taken apart as far as the tests need it.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a page holds for its tests, in order. */
export type Part =
  | { kind: 'code'; line: number; language: string; info: string; code: string }
  | { kind: 'note'; line: number; text: string };

/** Every page of the repository, relative to its root. */
export function allPages(): string[] {
  const below = (folder: string) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
      .map((file) => `${folder}/${file}`);
  return ['README.md', ...['docs', 'examples', 'bench', 'tests'].flatMap(below)];
}

export function readPage(page: string): string {
  return readFileSync(`${root}${page}`, 'utf8');
}

const PART = /^```(\S+)(?: (.+))?\n([^]*?)^```$|^<!-- (.+) -->$/gm;

/** The fenced blocks of a page, and the notes that only its tests see. */
export function partsOf(page: string): Part[] {
  const text = readPage(page);
  return [...text.matchAll(PART)].map((match) => {
    const [, language, info = '', code = '', note = ''] = match;
    const line = text.slice(0, match.index).split('\n').length;
    return language === undefined ? { kind: 'note', line, text: note } : { kind: 'code', line, language, info, code };
  });
}

/** The page without its fenced blocks. */
export function proseOf(page: string): string {
  return readPage(page).replace(/^```[^]*?^```$/gm, '');
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
