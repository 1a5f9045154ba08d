// What is told of runs that the platform keeps is told by the platform, together with the change of the run. A publisher
// who posts such an event speaks for another engine, or for an attempt that is over, and is refused.
import { RoomcastError } from '@roomcast/protocol';

interface Posted {
  readonly event: string;
  readonly data: unknown;
}

/**
 * @param items events that a caller posts, unchecked
 * @param kept which of these ids are runs of the caller's tenant that the platform keeps
 * @throws RoomcastError `conflict` when one of them tells of such a run
 */
export async function refuseOwnEvents(
  items: readonly Posted[],
  kept: (ids: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  const ids = items.flatMap(({ event, data }) => (event.startsWith('workflow.') ? runOf(data) : []));
  const [own] = ids.length > 0 ? await kept([...new Set(ids)]) : [];
  if (own === undefined) return;
  const where = `/workflows/${own}/progress`;
  throw new RoomcastError('conflict', `workflow_id: ${own} is run by this platform; its progress is taken at ${where}`);
}

function runOf(data: unknown): string[] {
  if (typeof data !== 'object' || data === null || !('workflow_id' in data)) return [];
  return typeof data.workflow_id === 'string' ? [data.workflow_id] : [];
}
