// The table of settings in docs/operations.md says what the program knows, no more and no less.
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { about, environment } from '../src/config-variables.js';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** Of each row the variable, its default, and what it takes. */
const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (.+?) +\|/gm)].map(([, name, standard, takes]) => ({
  name,
  default: standard,
  takes: takes?.replaceAll('\\*', '*'),
}));

/** A list of nothing is unset as well. */
function shown(value: string | number | boolean | readonly unknown[] | undefined): string {
  return value === undefined || (typeof value === 'object' && value.length === 0) ? 'unset' : `\`${value.toString()}\``;
}

it('the page lists every variable with its default and what it takes, in the order of the program', () => {
  const defaults = environment.parse({});
  const known = Object.entries(environment.shape).map(([name, schema]) => ({
    name,
    default: shown(defaults[name as keyof typeof defaults]),
    takes: about.get(schema)?.takes,
  }));
  expect(rows).toEqual(known);
});
