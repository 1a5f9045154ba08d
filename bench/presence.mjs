// How many frames of presence it costs when many users enter one room that all of them watch, beside the frames that it
// would cost to tell everybody there of everybody who comes.
import { start, table, withPostgres } from './harness.mjs';

const SIZES = (process.env.BENCH_CROWDS ?? '250,500,1000,2000').split(',').map(Number);
const JWT_SECRET = 'a secret of the benchmarks and nothing else';
const thousands = (number) => number.toLocaleString('en');

async function measure(users, url) {
  const server = await start('server', './server-roomcast.mjs', { JWT_SECRET, DATABASE_URL: url });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  try {
    const address = await server.call('url');
    const before = await server.call('usage');
    const seconds = await load.call('crowd', { url: address, users });
    const { frames, bytes } = await load.call('presence', { users });
    const after = await server.call('usage');
    return { seconds, frames, bytes, cpu: (after.cpu - before.cpu) / users };
  } finally {
    await load.stop();
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const rows = [];
  for (const users of SIZES) {
    const { seconds, frames, bytes, cpu } = await measure(users, url);
    rows.push([
      thousands(users),
      seconds.toFixed(1),
      thousands(frames),
      (frames / users).toFixed(1),
      thousands((users * (users - 1)) / 2),
      (bytes / users / 1024).toFixed(1),
      cpu.toFixed(0),
    ]);
  }
  table(
    'Users who enter one room that all of them watch',
    [
      'users',
      'seconds',
      'frames of presence',
      'each',
      'if each were told of each',
      'KiB each',
      'CPU of the server each, µs',
    ],
    rows,
  );
});
