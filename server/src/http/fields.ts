// An object of JSON values that ends in a column of its own: what Postgres cannot store is refused by the field's name.
import { isStorable } from '@roomcast/protocol';
import { z } from 'zod';

const MAX_DEPTH = 32;

/** An object of any JSON values. */
export const jsonObject = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => storableJson(value, 0),
    `takes JSON at most ${MAX_DEPTH} deep, without NUL or halves of surrogate pairs`,
  );

function storableJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && storableJson(inner, depth + 1));
}
