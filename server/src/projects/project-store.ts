// The statements about projects. All but `deletedProjects` see living projects only.
import { IsNull, type EntityManager } from 'typeorm';
import { insertIfFree } from '../storage/insert-if-free.js';
import { readListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { query } from '../storage/query.js';
import { ProjectEntity, type ProjectRow } from './project-entity.js';

export type Query = <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

export type ProjectFields = Pick<ProjectRow, 'name' | 'repositoryUrl' | 'repositoryKey' | 'status'>;

/** A project and whose it is. */
export type ProjectPlace = Pick<ProjectRow, 'tenant' | 'id'>;

/** @returns false when the id is taken, be it by a deleted project */
export async function insertProject(manager: EntityManager, row: ProjectRow): Promise<boolean> {
  return insertIfFree(manager, ProjectEntity, row);
}

export async function findProject(manager: EntityManager, tenant: string, id: string): Promise<ProjectRow | null> {
  return manager.findOneBy(ProjectEntity, { tenant, id, deletedAt: IsNull() });
}

/** Until the transaction ends, nobody else changes the row. */
export async function lockProject(manager: EntityManager, tenant: string, id: string): Promise<ProjectRow | null> {
  const lock = { mode: 'pessimistic_write' } as const;
  return manager.findOne(ProjectEntity, { where: { tenant, id, deletedAt: IsNull() }, lock });
}

export async function listProjects(
  manager: EntityManager,
  tenant: string,
  page: ListRequest,
): Promise<ListPage<ProjectRow>> {
  const living = manager.createQueryBuilder(ProjectEntity, 'project').where({ tenant, deletedAt: IsNull() });
  return readListPage(living, page);
}

export async function updateProject(
  manager: EntityManager,
  { tenant, id }: ProjectPlace,
  fields: Partial<ProjectFields> & { updatedAt: Date },
): Promise<void> {
  await manager.update(ProjectEntity, { tenant, id }, fields);
}

/** Leaves the tombstone. */
export async function deleteProject(manager: EntityManager, { tenant, id }: ProjectPlace, at: Date): Promise<void> {
  await manager.update(ProjectEntity, { tenant, id }, { deletedAt: at });
}

/** Which of these are deleted, by `placeKey`. @param read reads in the snapshot that the answer is true of */
export async function deletedProjects(read: Query, places: readonly ProjectPlace[]): Promise<Set<string>> {
  const sql = `select p.tenant, p.id from projects p
    join (select distinct * from unnest($1::text[], $2::text[]) a (tenant, id)) a using (tenant, id)
    where p.deleted_at is not null`;
  const tenants = places.map(({ tenant }) => tenant);
  const ids = places.map(({ id }) => id);
  const rows = await read<ProjectPlace>(sql, [tenants, ids]);
  return new Set(rows.map(placeKey));
}

/** One text for one place. */
export function placeKey({ tenant, id }: ProjectPlace): string {
  return `${tenant}/${id}`;
}

/** All tenants' projects of a repository, in a fixed order. None is deleted before the transaction ends. */
export async function projectsOfRepository(manager: EntityManager, repositoryKey: string): Promise<ProjectPlace[]> {
  return query(
    manager,
    `select tenant, id from projects where repository_key = $1 and deleted_at is null order by tenant, id for share`,
    [repositoryKey],
  );
}
