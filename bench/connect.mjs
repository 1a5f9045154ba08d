// Connections a second with a JWT and one room, and memory per idle connection, against plain Socket.IO doing the same.
import { figure, median, start, table, withPostgres } from './harness.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const CLIENTS = Number(process.env.BENCH_CLIENTS ?? 2000);
const JWT_SECRET = 'a secret of the benchmarks and nothing else';

async function measure(program, env) {
  const server = await start('server', program, { ...env, JWT_SECRET });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  try {
    const url = await server.call('url');
    await load.call('connect', { url, clients: 200, rooms: 10, first: 1_000_000 });
    const before = await server.call('usage');
    const seconds = await load.call('connect', { url, clients: CLIENTS, rooms: 10 });
    const after = await server.call('usage');
    return {
      cpu: (after.cpu - before.cpu) / CLIENTS,
      rate: CLIENTS / seconds,
      memory: (after.rss - before.rss) / CLIENTS / 1024,
    };
  } finally {
    await load.stop();
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const plain = [];
  const ours = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await measure('./server-plain.mjs', {}));
    ours.push(await measure('./server-roomcast.mjs', { DATABASE_URL: url }));
  }
  const row = (name, key, digits) => {
    const of = (list) => list.map((one) => one[key]);
    const ratio = median(of(ours).map((value, round) => value / of(plain)[round]));
    return [name, figure(of(plain), digits), figure(of(ours), digits), ratio.toFixed(2)];
  };
  table(
    `${CLIENTS} connections with a JWT, one room each`,
    ['', 'plain Socket.IO', 'roomcast', 'ratio'],
    [
      row('CPU per connect, µs', 'cpu', 0),
      row('connects/s', 'rate', 0),
      row('memory per idle connection, KiB', 'memory', 1),
    ],
  );
});
