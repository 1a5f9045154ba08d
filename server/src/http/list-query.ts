// Lists over HTTP: `?limit=&cursor=` becomes a page to read, a page becomes `{ items, next_cursor }`.
// A cursor is opaque to callers; it names the last row that they have seen.
import { id, optional, parseInput } from '@roomcast/protocol';
import { z } from 'zod';
import type { ListPlace, ListPage, ListRequest } from '../storage/list.js';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
/** The end of the year 9999: every date up to it is one for JavaScript and for the database. */
const LAST_TIME = 253_402_300_799_999;

const place = z.tuple([z.int().min(0).max(LAST_TIME), id]);

/** A whole number as it stands in a query. */
export function queryInteger(min: number, max: number) {
  const message = `takes a whole number from ${min} to ${max}`;
  const fits = (text: string) => /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return z.string({ message }).refine(fits, message).transform(Number);
}

const cursor = z.string().transform((text, context): ListPlace => {
  const decoded = place.safeParse(decode(text));
  if (decoded.success) return { createdAt: new Date(decoded.data[0]), id: decoded.data[1] };
  context.addIssue({ code: 'custom', message: 'takes the next_cursor of the page before' });
  return z.NEVER;
});

/** The two parameters of every list; a list with more extends it. */
const listQuery = z.object({
  limit: optional(queryInteger(1, MAX_LIMIT)),
  cursor: optional(cursor),
});

/** @throws RoomcastError `bad_request` naming `limit` or `cursor` */
export function listRequest(query: unknown): ListRequest {
  const { limit, cursor: after } = parseInput(listQuery, query);
  return { limit: limit ?? DEFAULT_LIMIT, after: after ?? null };
}

export function listAnswer<Item>({ items, next }: ListPage<Item>): { items: Item[]; next_cursor: string | null } {
  return { items, next_cursor: next && encode(next) };
}

function encode({ createdAt, id: rowId }: ListPlace): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), rowId])).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
}
