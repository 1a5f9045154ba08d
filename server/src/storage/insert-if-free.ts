// Making a row whose id a caller may have named: a taken id is an answer, not an error that ends the transaction.
import type { EntityManager, EntitySchema, ObjectLiteral } from 'typeorm';

/** @returns false when there is a row with the same primary key; nothing was written then */
export async function insertIfFree<Row extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntitySchema<Row>,
  row: Row,
): Promise<boolean> {
  const insert = manager.createQueryBuilder().insert().into<ObjectLiteral>(entity).values(row).orIgnore();
  const result: { readonly raw: unknown } = await insert.returning('id').execute();
  return Array.isArray(result.raw) && result.raw.length === 1;
}
