// Pages of a list, newest first, that stay right while rows are added: a page begins after a row, not after a number of
// rows. Rows of the same millisecond are told apart by their id, so `created_at` columns hold whole milliseconds.
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

/** The place of a row in a list. */
export interface ListPlace {
  readonly createdAt: Date;
  readonly id: string;
}

export interface ListRequest {
  /** Most rows of the page. */
  readonly limit: number;
  /** The row after which the page begins; null: from the newest. */
  readonly after: ListPlace | null;
}

export interface ListPage<Item> {
  readonly items: Item[];
  /** Where the next page begins; null: this was the last. */
  readonly next: ListPlace | null;
}

/**
 * Reads one page.
 * @param query which rows, without an order; its entity has `createdAt` and `id`
 * @returns at most `limit` rows, newest first
 */
export async function readListPage<Row extends ObjectLiteral & ListPlace>(
  query: SelectQueryBuilder<Row>,
  { limit, after }: ListRequest,
): Promise<ListPage<Row>> {
  const row = query.alias;
  if (after)
    query.andWhere(`(${row}.createdAt, ${row}.id) < (:afterTime, :afterId)`, {
      afterTime: after.createdAt,
      afterId: after.id,
    });
  // One row more than asked for tells whether there is a next page.
  const rows = await query
    .orderBy(`${row}.createdAt`, 'DESC')
    .addOrderBy(`${row}.id`, 'DESC')
    .limit(limit + 1)
    .getMany();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last ? { createdAt: last.createdAt, id: last.id } : null };
}

/** The same page with each row turned into something else. */
export function mapListPage<Row, Item>(page: ListPage<Row>, turn: (row: Row) => Item): ListPage<Item> {
  return { items: page.items.map(turn), next: page.next };
}
