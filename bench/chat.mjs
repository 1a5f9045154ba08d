// Messages a second through `message.send` (limits off, 64 in flight, 100 conversations), and search over 100,000 messages,
// on both databases. There is no peer to compare with: the second table has the first as its measure.
import jwt from 'jsonwebtoken';
import { io } from 'socket.io-client';
import { figure, start, table, withPostgres } from './harness.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const ROOMS = 100;
const IN_FLIGHT = 64;
const MESSAGES = 4_000;
const STORED = 100_000;
const JWT_SECRET = 'a secret of the benchmarks and nothing else';
const settings = { JWT_SECRET, MESSAGE_RATE: '1000000', COMMAND_RATE: '1000000', PUBLISH_RATE: '0' };
const token = jwt.sign({ sub: 'ada' }, JWT_SECRET, { expiresIn: '1h' });

async function api(url, method, path, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function connected(url) {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true });
  await new Promise((resolve, reject) => {
    socket.once('connection_established', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

/** @returns messages a second */
async function send(socket, rooms, total) {
  let next = 0;
  const began = performance.now();
  const writer = async () => {
    while (next < total) {
      const n = next++;
      const ack = await socket.emitWithAck('message.send', { room: rooms[n % rooms.length], content: `words of ${n}` });
      if (ack.status !== 'success') throw new Error(JSON.stringify(ack));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
  return (total * 1000) / (performance.now() - began);
}

async function measure(env) {
  const server = await start('server', './server-roomcast.mjs', { ...settings, ...env });
  try {
    const url = await server.call('url');
    const rooms = [];
    for (let n = 0; n < ROOMS; n++) {
      const { id } = await api(url, 'POST', '/conversations', { participant_ids: ['bob'] });
      rooms.push(`conversation:${id}`);
    }
    const socket = await connected(url);
    await send(socket, rooms, 500);
    const rates = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await send(socket, rooms, MESSAGES));
    socket.disconnect();

    await server.call('storeMessages', { rooms, total: STORED });
    const found = { rare: [], common: [] };
    for (let round = 0; round < 5 * ROUNDS; round++) {
      for (const [kind, word] of [
        ['rare', `rare${round}`],
        ['common', 'everywhere'],
      ]) {
        const began = performance.now();
        const { items } = await api(url, 'GET', `/search/messages?q=${word}&limit=20`);
        if (items.length === 0) throw new Error(`${word} was not found`);
        found[kind].push(performance.now() - began);
      }
    }
    return { rates, found };
  } finally {
    await server.stop();
  }
}

await withPostgres(async (url) => {
  const results = { PostgreSQL: await measure({ DATABASE_URL: url }), embedded: await measure({}) };
  const rows = Object.entries(results).map(([name, { rates, found }]) => [
    name,
    figure(rates, 0),
    figure(found.rare),
    figure(found.common),
  ]);
  table(
    `Chat: message.send with ${IN_FLIGHT} in flight in ${ROOMS} conversations; search over ${STORED} messages`,
    ['database', 'messages/s', 'search for a rare word, ms', 'for a word of every hundredth message, ms'],
    rows,
  );
});
process.exit();
