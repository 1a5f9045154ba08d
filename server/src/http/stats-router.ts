// /stats, also under its older name /websocket/stats: what the caller's tenant has open on this node.
import { Router } from 'express';
import { principalOf } from './authenticate.js';

export interface NodeStats {
  node_id: string;
  /** Open connections, from acceptance to close. */
  connections: number;
  /** Memberships by kind of room: `global`, `project:*`, … */
  rooms: Record<string, number>;
  events_emitted: number;
  uptime_seconds: number;
  /** The same of all nodes, where there are several. */
  cluster?: Record<string, unknown>;
}

export type Stats = (tenant: string) => NodeStats | Promise<NodeStats>;

export function createStatsRouter(stats: Stats): Router {
  const router = Router();
  router.get(['/stats', '/websocket/stats'], async (_req, res) => {
    res.json(await stats(principalOf(res).tenant));
  });
  return router;
}
