import type { Caller } from '../support/caller.js';

/** All deliveries that an admin sees, the oldest first. */
export async function allDeliveries(admin: Caller): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  let path = '/github/deliveries?limit=200';
  for (;;) {
    const { body } = await admin.get(path);
    found.push(...(body.items as Record<string, unknown>[]));
    if (typeof body.next_cursor !== 'string') return found.reverse();
    path = `/github/deliveries?limit=200&cursor=${body.next_cursor}`;
  }
}
