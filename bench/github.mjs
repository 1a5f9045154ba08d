// Time from a GitHub delivery's first byte to its answer: all payloads of @octokit/webhooks-examples, one after the
// other, to a project of their repositories; stored before they are answered.
import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { percentile, start, table, withPostgres } from './harness.mjs';

const SECRET = 'a webhook secret of the benchmarks';
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples');
const deliveries = examples.flatMap(({ name, examples: payloads }) =>
  payloads.map((payload) => ({ name, body: JSON.stringify(payload) })),
);

async function accept(url, { name, body }) {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-github-event': name,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${signature}`,
  };
  const began = performance.now();
  const response = await fetch(`${url}/webhooks/github`, { method: 'POST', headers, body });
  await response.text();
  if (response.status !== 202) throw new Error(`${name} was answered ${response.status}`);
  return performance.now() - began;
}

async function times(env) {
  const settings = { ...env, JWT_SECRET: 'a secret of the benchmarks and nothing else', GITHUB_WEBHOOK_SECRET: SECRET };
  const server = await start('server', './server-roomcast.mjs', settings);
  try {
    const url = await server.call('url');
    for (const delivery of deliveries.slice(0, 50)) await accept(url, delivery);
    const all = [];
    for (const delivery of deliveries) all.push(await accept(url, delivery));
    return all;
  } finally {
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const rows = [];
  for (const [name, env] of [
    ['PostgreSQL', { DATABASE_URL: url }],
    ['embedded', {}],
  ]) {
    const all = await times(env);
    rows.push([name, ...[0.5, 0.99, 1].map((share) => percentile(all, share).toFixed(1))]);
  }
  table(`Accepting ${deliveries.length} GitHub deliveries, ms each`, ['database', 'p50', 'p99', 'max'], rows);
});
