// CPU of the server per delivery of an event to 1,000 subscribers of a room, in three shapes of load, and to 2,000
// clients in 500 rooms; a durable event of roomcast on PostgreSQL against plain Socket.IO in memory.
import { figure, median, table, withPostgres } from './harness.mjs';
import { cpuPerDelivery, shapes } from './shapes.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

await withPostgres(async (url) => {
  const rows = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const plain = [];
    const ours = [];
    for (let round = 0; round < ROUNDS; round++) {
      plain.push(await cpuPerDelivery('./server-plain.mjs', {}, shape));
      ours.push(await cpuPerDelivery('./server-roomcast.mjs', { DATABASE_URL: url }, shape));
    }
    const ratio = median(ours.map((value, round) => value / plain[round]));
    rows.push([name, figure(plain, 2), figure(ours, 2), ratio.toFixed(2)]);
  }
  table('CPU per delivery, µs', ['load', 'plain Socket.IO, in memory', 'roomcast, durable', 'ratio'], rows);
});
