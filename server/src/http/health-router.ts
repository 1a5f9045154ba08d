// For whoever runs the process: /health says that it lives, /ready whether it should be given work.
import { Router } from 'express';

/** @returns what is not ready, one sentence each; nothing when all is */
export type Readiness = () => Promise<{ ready: boolean; problems: string[] }>;

export function createHealthRouter(readiness: Readiness): Router {
  const router = Router();
  router.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  router.get('/ready', async (_req, res) => {
    const { ready, problems } = await readiness();
    if (ready) res.json({ status: 'ready' });
    else res.status(503).json({ status: 'not_ready', problems });
  });
  return router;
}
