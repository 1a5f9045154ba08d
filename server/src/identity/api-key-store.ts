// The statements about API keys, one function each. Rows are never deleted: an id that stood in the log is not reused.
import { In, type EntityManager } from 'typeorm';
import { insertIfFree } from '../storage/insert-if-free.js';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { ApiKeyEntity, type ApiKeyRow } from './api-key-entity.js';
import { UserEntity } from './user-entity.js';

/** @returns false when the id is taken by another key, or by a user, whom the key would then pass for */
export async function insertApiKey(manager: EntityManager, row: ApiKeyRow): Promise<boolean> {
  if (await manager.existsBy(UserEntity, { tenant: row.tenant, id: row.id })) return false;
  return insertIfFree(manager, ApiKeyEntity, row);
}

/** The keys of these hashes, revoked ones too. */
export async function findApiKeysByHash(manager: EntityManager, hashes: readonly string[]): Promise<ApiKeyRow[]> {
  return manager.findBy(ApiKeyEntity, { hash: In(hashes) });
}

export async function listApiKeys(
  manager: EntityManager,
  tenant: string,
  page: ListRequest,
): Promise<ListPage<ApiKeyRow>> {
  return readListPage(manager.createQueryBuilder(ApiKeyEntity, 'api_key').where({ tenant }), page);
}

/** Until the transaction ends, nobody else changes the row. */
export async function lockApiKey(manager: EntityManager, tenant: string, id: string): Promise<ApiKeyRow | null> {
  return manager.findOne(ApiKeyEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } });
}

export async function updateApiKey(
  manager: EntityManager,
  { tenant, id }: Pick<ApiKeyRow, 'tenant' | 'id'>,
  fields: Pick<ApiKeyRow, 'revokedAt'>,
): Promise<void> {
  await manager.update(ApiKeyEntity, { tenant, id }, fields);
}
