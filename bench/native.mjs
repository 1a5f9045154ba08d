// The native door: CPU of the server per delivery against plain Socket.IO, against bare `ws` with a prepared frame, and
// against our own Socket.IO door; and the memory of an idle connection.
import { figure, median, start, table, withPostgres } from './harness.mjs';
import { cpuPerDelivery, shapes } from './shapes.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const CLIENTS = Number(process.env.BENCH_CLIENTS ?? 5000);
const JWT_SECRET = 'a secret of the benchmarks and nothing else';

const targets = (url) => ({
  'plain Socket.IO': ['./server-plain.mjs', {}, 'socket.io'],
  'bare ws': ['./server-ws.mjs', {}, 'bare'],
  'roomcast, Socket.IO': ['./server-roomcast.mjs', { DATABASE_URL: url }, 'socket.io'],
  'roomcast, native': ['./server-roomcast.mjs', { DATABASE_URL: url }, 'native'],
});

/** KiB of an idle connection in one room. */
async function memory(program, env, door) {
  const server = await start('server', program, { ...env, JWT_SECRET });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  try {
    const url = await server.call('url');
    await load.call('connect', { url, clients: 200, rooms: 10, first: 1_000_000, door });
    const before = await server.call('usage');
    await load.call('connect', { url, clients: CLIENTS, rooms: 10, door });
    const after = await server.call('usage');
    return (after.rss - before.rss) / CLIENTS / 1024;
  } finally {
    await load.stop();
    await server.stop();
  }
}

/** @returns by target the figures of all rounds; the targets take turns */
async function rounds(all, measure) {
  const figures = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, target] of Object.entries(all)) figures[name].push(await measure(...target));
  }
  return figures;
}

function row(title, figures, digits) {
  const native = figures['roomcast, native'];
  const against = (name) => median(native.map((value, round) => value / figures[name][round])).toFixed(2);
  const ratios = ['plain Socket.IO', 'bare ws', 'roomcast, Socket.IO'].map(against);
  return [title, ...Object.values(figures).map((values) => figure(values, digits)), ...ratios];
}

await withPostgres(async (url) => {
  const all = targets(url);
  const head = [...Object.keys(all), 'native : plain Socket.IO', 'native : bare ws', 'native : our Socket.IO'];
  const rows = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const measure = (program, env, door) => cpuPerDelivery(program, env, shape, door);
    rows.push(row(name, await rounds(all, measure), 2));
  }
  table('CPU per delivery, µs', ['load', ...head], rows);
  table(`${CLIENTS} idle connections, KiB each`, ['', ...head], [row('memory', await rounds(all, memory), 1)]);
});
