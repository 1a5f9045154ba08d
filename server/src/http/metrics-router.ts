// /metrics: for Prometheus. It holds numbers of this node only, and nothing of any tenant.
import { Router } from 'express';

export function createMetricsRouter(render: () => Promise<{ type: string; text: string }>): Router {
  const router = Router();
  router.get('/metrics', async (_req, res) => {
    const { type, text } = await render();
    res.type(type).send(text);
  });
  return router;
}
