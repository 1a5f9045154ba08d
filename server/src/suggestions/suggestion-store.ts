// The statements about suggestions.
import type { EntityManager } from 'typeorm';
import { insertIfFree } from '../storage/insert-if-free.js';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { SuggestionEntity, type SuggestionRow } from './suggestion-entity.js';

/** @returns false when the id is taken */
export async function insertSuggestion(manager: EntityManager, row: SuggestionRow): Promise<boolean> {
  return insertIfFree(manager, SuggestionEntity, row);
}

export async function listSuggestions(
  manager: EntityManager,
  of: Pick<SuggestionRow, 'tenant' | 'projectId'>,
  page: ListRequest,
): Promise<ListPage<SuggestionRow>> {
  return readListPage(manager.createQueryBuilder(SuggestionEntity, 'suggestion').where({ ...of }), page);
}
