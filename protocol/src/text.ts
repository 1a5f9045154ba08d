// Texts that are stored. Databases hold neither NUL nor half of a surrogate pair, which JSON can spell; they are refused
// by the name of their field.
import { z } from 'zod';

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether every store and every reader can hold the text. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && !LONE_SURROGATE.test(value);
}

export const STORABLE = 'must not hold NUL or half of a surrogate pair';

/** A text of `min` to `max` characters (UTF-16 units). */
export function text(max: number, min = 1) {
  return z.string().min(min).max(max).refine(isStorable, STORABLE);
}
