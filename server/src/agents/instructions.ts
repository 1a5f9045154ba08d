// What people want of agents: a text of their own that holds everywhere, and one for each project. Only they see it, and
// the agents that answer them.
import { rooms } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import type { Principal } from '../identity/principal.js';
import { query } from '../storage/query.js';

/** Instructions as callers see them. */
export interface Instructions {
  /** Empty: none were given. */
  content: string;
  project_id: string | null;
  updated_at: string | null;
}

export interface InstructionStore {
  /** The caller's own. @param projectId null: those that hold everywhere @throws RoomcastError `not_found` the project */
  find(caller: Principal, projectId: string | null): Promise<Instructions>;
  /** Replaces the caller's own. @throws RoomcastError `not_found` the project */
  replace(caller: Principal, projectId: string | null, content: string): Promise<Instructions>;
  /** What agents are told that answer a user: what holds everywhere, then what holds in the project. */
  of(tenant: string, userId: string, projectId: string | null): Promise<string[]>;
}

interface Deps {
  dataSource: DataSource;
  /** @throws RoomcastError `not_found` or `forbidden` unless the caller may enter the room */
  authorize(caller: Principal, room: string): Promise<void>;
}

interface Row {
  content: string;
  updated_at: Date;
}

const FIND = `select content, updated_at from instructions where tenant = $1 and user_id = $2 and project_id = $3`;
const REPLACE = `
insert into instructions (tenant, user_id, project_id, content) values ($1, $2, $3, $4)
on conflict (tenant, user_id, project_id) do update set content = excluded.content, updated_at = now()
returning content, updated_at`;
const OF_USER = `
select content from instructions
where tenant = $1 and user_id = $2 and project_id in ('', $3) and content <> '' order by project_id`;

export function createInstructions({ dataSource, authorize }: Deps): InstructionStore {
  async function authorizeFor(caller: Principal, projectId: string | null): Promise<void> {
    if (projectId !== null) await authorize(caller, rooms.project(projectId));
  }

  return {
    async find(caller, projectId) {
      await authorizeFor(caller, projectId);
      const [row] = await query<Row>(dataSource, FIND, [caller.tenant, caller.userId, projectId ?? '']);
      return instructionsOf(row, projectId);
    },
    async replace(caller, projectId, content) {
      await authorizeFor(caller, projectId);
      const [row] = await query<Row>(dataSource, REPLACE, [caller.tenant, caller.userId, projectId ?? '', content]);
      return instructionsOf(row, projectId);
    },
    async of(tenant, userId, projectId) {
      const rows = await query<Row>(dataSource, OF_USER, [tenant, userId, projectId ?? '']);
      return rows.map(({ content }) => content);
    },
  };
}

function instructionsOf(row: Row | undefined, project_id: string | null): Instructions {
  return { content: row?.content ?? '', project_id, updated_at: row?.updated_at.toISOString() ?? null };
}
