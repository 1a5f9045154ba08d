// Who may enter the room of a run: who may enter its project, its starter, and publishers, who may stop it. Runs that the
// platform does not keep have rooms too, open to their tenant.
import { isPublisher, type Principal } from '../identity/principal.js';
import type { Query } from '../storage/query.js';
import { ownersOf } from './workflow-store.js';

type Decision = 'granted' | 'not_found' | 'forbidden';

/** Decides on rooms of one kind for many callers at once, in order. */
export type Decide = (
  entrants: readonly { principal: Principal; id: string }[],
  query: Query,
) => Promise<readonly Decision[]>;

/** The policy of rooms of the kind `workflow`. @param mayEnterProject decides on rooms of projects, by the project's id */
export function createWorkflowRooms(mayEnterProject: Decide): { decide: Decide } {
  return {
    async decide(entrants, query) {
      const keys = entrants.map(({ principal: { tenant }, id }) => ({ tenant, id }));
      const kept = new Map((await ownersOf(query, keys)).map((run) => [`${run.tenant}/${run.id}`, run]));
      const decisions: Decision[] = [];
      const asked: { index: number; principal: Principal; id: string }[] = [];
      entrants.forEach(({ principal, id }, index) => {
        const run = kept.get(`${principal.tenant}/${id}`);
        const isOwn = !run || run.startedBy === principal.userId || isPublisher(principal);
        decisions[index] = isOwn ? 'granted' : 'not_found';
        if (!isOwn && run.projectId !== null) asked.push({ index, principal, id: run.projectId });
      });
      if (asked.length === 0) return decisions;
      const ofProjects = await mayEnterProject(asked, query);
      asked.forEach(({ index }, at) => (decisions[index] = ofProjects[at] ?? 'not_found'));
      return decisions;
    },
  };
}
