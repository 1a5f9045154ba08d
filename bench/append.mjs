// Acknowledged durable events a second, 64 in flight: one hot stream and 1,000 streams, on PostgreSQL and embedded.
import { figure, start, table, withPostgres } from './harness.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const TOTAL = 10_000;
const JWT_SECRET = 'a secret of the benchmarks and nothing else';

async function rates(env, streams) {
  const server = await start('server', './server-roomcast.mjs', { ...env, JWT_SECRET });
  try {
    const load = { total: TOTAL, inFlight: 64, streams };
    await server.call('emitMany', { ...load, total: TOTAL / 5 });
    const measured = [];
    for (let round = 0; round < ROUNDS; round++) measured.push(TOTAL / (await server.call('emitMany', load)));
    return measured;
  } finally {
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const rows = [];
  for (const [name, streams] of [
    ['one hot stream', 1],
    ['1,000 streams', 1000],
  ]) {
    const postgres = await rates({ DATABASE_URL: url }, streams);
    const embedded = await rates({}, streams);
    rows.push([name, figure(postgres, 0), figure(embedded, 0)]);
  }
  table('Acknowledged durable events/s, 64 in flight', ['streams', 'PostgreSQL', 'embedded'], rows);
});
