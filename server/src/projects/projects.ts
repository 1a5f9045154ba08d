// Projects: everybody of the tenant makes, sees and changes them, the owner or an admin deletes them.
// A change and the event that tells of it are one transaction.
import { RoomcastError, rooms, type BuiltInCatalogue, type Position } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import type { Broadcaster } from '../events/broadcaster.js';
import { isAdmin, type Principal } from '../identity/principal.js';
import { mapListPage, type ListPage, type ListRequest } from '../storage/list.js';
import { inTransaction } from '../storage/transaction.js';
import type { ProjectRow } from './project-entity.js';
import * as store from './project-store.js';

/** A project as callers see it. */
export interface Project {
  id: string;
  name: string;
  repository_url: string | null;
  status: string;
  created_by: string;
  created_at: string;
  updated_at: string;
}

export interface ProjectChanges {
  name?: string | undefined;
  repository_url?: string | undefined;
  status?: string | undefined;
}

export interface NewProject extends ProjectChanges {
  id?: string | undefined;
  name: string;
}

export interface Projects {
  /** @throws RoomcastError `conflict` when the id is taken, be it by a deleted project */
  create(caller: Principal, input: NewProject): Promise<Project>;
  /** The tenant's projects, newest first. */
  list(caller: Principal, page: ListRequest): Promise<ListPage<Project>>;
  /** @returns the project, and a position of its room that is not newer than the project @throws `not_found` */
  find(caller: Principal, id: string): Promise<Project & { position: Position }>;
  /** Changes the fields given and no others. @throws RoomcastError `not_found` */
  change(caller: Principal, id: string, changes: ProjectChanges): Promise<Project>;
  /** Deletes it; the event that tells so is the last of its room. @throws RoomcastError `not_found`, `forbidden` */
  delete(caller: Principal, id: string): Promise<void>;
}

export interface ProjectsDeps {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'in'>;
  /** The form in which a repository's address is compared; null for what is not one. */
  repositoryKey(url: string): string | null;
  /** Reads in a snapshot, with the position of the room that the snapshot is true at. */
  readAt<Value>(
    tenant: string,
    room: string,
    read: (manager: EntityManager) => Promise<Value>,
  ): Promise<{ position: Position; value: Value }>;
}

export function createProjects(deps: ProjectsDeps): Projects {
  return {
    create: (caller, input) => create(deps, caller, input),
    list: (caller, page) => list(deps, caller, page),
    find: (caller, id) => find(deps, caller, id),
    change: (caller, id, changes) => change(deps, caller, id, changes),
    delete: (caller, id) => remove(deps, caller, id),
  };
}

async function create(deps: ProjectsDeps, caller: Principal, input: NewProject): Promise<Project> {
  const row = newRow(deps, caller, input);
  await inTransaction(deps.dataSource, async (manager) => {
    if (!(await store.insertProject(manager, row))) throw new RoomcastError('conflict', `The id ${row.id} is taken.`);
    await tell(deps, manager, 'project.created', row, caller);
  });
  return projectOf(row);
}

async function list({ dataSource }: ProjectsDeps, caller: Principal, page: ListRequest): Promise<ListPage<Project>> {
  return mapListPage(await store.listProjects(dataSource.manager, caller.tenant, page), projectOf);
}

async function find({ readAt }: ProjectsDeps, caller: Principal, id: string) {
  const { position, value: row } = await readAt(caller.tenant, rooms.project(id), (manager) =>
    store.findProject(manager, caller.tenant, id),
  );
  return { ...projectOf(row ?? notFound()), position };
}

async function change(deps: ProjectsDeps, caller: Principal, id: string, changes: ProjectChanges): Promise<Project> {
  return inTransaction(deps.dataSource, async (manager) => {
    const before = (await store.lockProject(manager, caller.tenant, id)) ?? notFound();
    const fields = { ...fieldsOf(deps, changes), updatedAt: new Date() };
    await store.updateProject(manager, before, fields);
    const row = { ...before, ...fields };
    await tell(deps, manager, 'project.updated', row, caller, changes);
    return projectOf(row);
  });
}

async function remove(deps: ProjectsDeps, caller: Principal, id: string): Promise<void> {
  await inTransaction(deps.dataSource, async (manager) => {
    const row = (await store.lockProject(manager, caller.tenant, id)) ?? notFound();
    if (row.createdBy !== caller.userId && !isAdmin(caller)) {
      throw new RoomcastError('forbidden', 'A project is deleted by the one who made it or by an admin.');
    }
    await store.deleteProject(manager, row, new Date());
    await tell(deps, manager, 'project.deleted', row, caller);
  });
}

type Told = 'project.created' | 'project.updated' | 'project.deleted';

async function tell(
  { broadcaster }: ProjectsDeps,
  manager: EntityManager,
  event: Told,
  row: ProjectRow,
  caller: Principal,
  changes: ProjectChanges = {},
): Promise<void> {
  const data = {
    project_id: row.id,
    project_name: row.name,
    repository_url: row.repositoryUrl ?? undefined,
    status: row.status,
    updated_by: caller.userId,
    changes: { ...given(changes) },
  };
  await broadcaster.in(manager).emit(event, data, { tenant: caller.tenant, caller: caller.userId });
}

function newRow(deps: ProjectsDeps, caller: Principal, { id = newId(), name, ...rest }: NewProject): ProjectRow {
  const now = new Date();
  const defaults = { repositoryUrl: null, repositoryKey: null, status: 'active' };
  const origin = { tenant: caller.tenant, createdBy: caller.userId, createdAt: now, updatedAt: now, deletedAt: null };
  return { id, name, ...defaults, ...fieldsOf(deps, rest), ...origin };
}

/** The columns of the fields that are given. */
function fieldsOf({ repositoryKey }: ProjectsDeps, changes: ProjectChanges) {
  const { repository_url: repositoryUrl, ...others } = given(changes);
  if (repositoryUrl === undefined) return others;
  return { ...others, repositoryUrl, repositoryKey: repositoryKey(repositoryUrl) };
}

/** The fields that have a value: what is absent must neither be written nor told. */
function given({ name, repository_url, status }: ProjectChanges): ProjectChanges {
  return {
    ...(name === undefined ? {} : { name }),
    ...(repository_url === undefined ? {} : { repository_url }),
    ...(status === undefined ? {} : { status }),
  };
}

function notFound(): never {
  throw new RoomcastError('not_found');
}

function projectOf(row: ProjectRow): Project {
  return {
    id: row.id,
    name: row.name,
    repository_url: row.repositoryUrl,
    status: row.status,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
