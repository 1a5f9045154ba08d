// Who may enter the room of a project: any member of its tenant, until it is deleted. Projects that the platform does
// not keep have rooms too, so only a tombstone closes one.
import type { Principal } from '../identity/principal.js';
import { deletedProjects, placeKey, type Query } from './project-store.js';

/** The policy of rooms of the kind `project`. */
export const projectRooms = {
  async decide(
    entrants: readonly { principal: Principal; id: string }[],
    query: Query,
  ): Promise<('granted' | 'not_found')[]> {
    const places = entrants.map(({ principal: { tenant }, id }) => ({ tenant, id }));
    const deleted = await deletedProjects(query, places);
    return places.map((place) => (deleted.has(placeKey(place)) ? 'not_found' : 'granted'));
  },
};
