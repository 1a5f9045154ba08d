// From `emit` to the client at 200 events/s to 100 subscribers, durable, on PostgreSQL and embedded.
import { percentile, start, table, withPostgres } from './harness.mjs';

const JWT_SECRET = 'a secret of the benchmarks and nothing else';
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const EVERY_MS = 5;

async function latencies(env) {
  const server = await start('server', './server-roomcast.mjs', { ...env, JWT_SECRET });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  try {
    await load.call('connect', { url: await server.call('url'), clients: 100, rooms: 1 });
    const events = Math.round((SECONDS * 1000) / EVERY_MS);
    await server.call('pace', { events: 200, everyMs: EVERY_MS });
    await load.call('measureLatency');
    await load.call('expect', { events: events * 100 });
    await server.call('pace', { events, everyMs: EVERY_MS });
    await load.call('arrived');
    return await load.call('latencies');
  } finally {
    await load.stop();
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const rows = [];
  for (const [name, env] of [
    ['PostgreSQL', { DATABASE_URL: url }],
    ['embedded', {}],
  ]) {
    const all = await latencies(env);
    rows.push([name, ...[0.5, 0.99, 1].map((share) => percentile(all, share).toFixed(1))]);
  }
  table('From emit to client, ms (200 events/s, 100 subscribers)', ['database', 'p50', 'p99', 'max'], rows);
});
