// What a tenant has open on this node.
import { kindPattern } from '@roomcast/protocol';
import { tenantOf, type LogRow } from '../events/log-row.js';
import type { Membership } from './membership.js';
import { wireRoom } from './room-key.js';

export interface TenantStats {
  connections: number;
  /** Memberships by kind of room: `global`, `project:*`, … */
  rooms: Record<string, number>;
  events_emitted: number;
}

export interface StatsCounter {
  /** Rows that this node has added to the log. */
  count(rows: readonly LogRow[]): void;
  of(tenant: string): TenantStats;
}

export function createStatsCounter(membership: () => Pick<Membership, 'members' | 'rooms'>): StatsCounter {
  const emitted = new Map<string, number>();

  return {
    count(rows) {
      for (const { stream } of rows) emitted.set(tenantOf(stream), (emitted.get(tenantOf(stream)) ?? 0) + 1);
    },
    of(tenant) {
      const rooms: Record<string, number> = {};
      for (const [key, members] of membership().rooms()) {
        if (tenantOf(key) !== tenant) continue;
        const kind = kindPattern(wireRoom(key));
        rooms[kind] = (rooms[kind] ?? 0) + members;
      }
      const connections = [...membership().members].filter((member) => member.principal.tenant === tenant).length;
      return { connections, rooms, events_emitted: emitted.get(tenant) ?? 0 };
    },
  };
}
