// 50 answers stream at once, 40 words a second each, to one reader each; beside them durable events go at 200/s to 100
// subscribers. What the events take from `emit` to the client, without and with the answers, in turns.
import jwt from 'jsonwebtoken';
import { io } from 'socket.io-client';
import { figure, percentile, start, table, withPostgres } from './harness.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const ANSWERS = 50;
const EVERY_MS = 5;
const JWT_SECRET = 'a secret of the benchmarks and nothing else';
const token = jwt.sign({ sub: 'ada' }, JWT_SECRET, { expiresIn: '1h' });

async function api(url, path, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Somebody in a session of their own who reads an answer, and holds it against what was streamed. */
async function openReader(url) {
  const { id } = await api(url, '/sessions', { emotion: false });
  const room = `session:${id}`;
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true });
  const reader = { socket, room, pieces: 0, text: '', ended: 0 };
  socket.on('message.delta', ({ data: { at, text } }) => {
    reader.pieces++;
    reader.text = reader.text.slice(0, at) + text;
  });
  socket.on('message.created', ({ data: { message } }) => {
    if (!message.is_ai) return;
    if (message.content !== reader.text || message.status !== 'complete')
      throw new Error(`not what was streamed: ${room}`);
    reader.text = '';
    reader.ended++;
  });
  await new Promise((resolve) => socket.once('connection_established', resolve));
  await socket.emitWithAck('subscribe', { room });
  return reader;
}

async function until(condition) {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > 60_000) throw new Error('it does not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @returns milliseconds of every delivery, and CPU of the server in seconds a second */
async function paced(server, load) {
  const events = Math.round((SECONDS * 1000) / EVERY_MS);
  await load.call('measureLatency');
  await load.call('expect', { events: events * 100 });
  const [began, before] = [performance.now(), await server.call('usage')];
  await server.call('pace', { events, everyMs: EVERY_MS });
  await load.call('arrived');
  const cpu = ((await server.call('usage')).cpu - before.cpu) / 1e3 / (performance.now() - began);
  return { latencies: await load.call('latencies'), cpu };
}

async function measure(env) {
  const model = await start('load', './model-endpoint.mjs');
  const ai = { AI_BASE_URL: await model.call('url'), AI_MODEL: 'bench' };
  const limits = { MESSAGE_RATE: '100000', COMMAND_RATE: '100000' };
  const server = await start('server', './server-roomcast.mjs', { ...env, ...ai, ...limits, JWT_SECRET });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  const url = await server.call('url');
  const readers = [];
  try {
    await load.call('connect', { url, clients: 100, rooms: 1 });
    for (let n = 0; n < ANSWERS; n++) readers.push(await openReader(url));
    await server.call('pace', { events: 200, everyMs: EVERY_MS });
    const rounds = { without: [], with: [], pieces: [] };
    for (let round = 1; round <= ROUNDS; round++) {
      rounds.without.push(await paced(server, load));
      for (const { socket, room } of readers) {
        const ack = await socket.emitWithAck('message.send', { room, content: 'Tell me all.' });
        if (ack.status !== 'success') throw new Error(JSON.stringify(ack));
      }
      await until(() => readers.every(({ text }) => text !== ''));
      const told = readers.reduce((sum, { pieces }) => sum + pieces, 0);
      const began = performance.now();
      rounds.with.push(await paced(server, load));
      const now = readers.reduce((sum, { pieces }) => sum + pieces, 0);
      rounds.pieces.push(((now - told) * 1000) / (performance.now() - began));
      if ((await model.call('open')) !== ANSWERS) throw new Error('an answer has ended before its time');
      await model.call('end');
      await until(() => readers.every(({ ended }) => ended === round));
    }
    return rounds;
  } finally {
    for (const { socket } of readers) socket.disconnect();
    for (const child of [load, server, model]) await child.stop();
  }
}

function row(database, what, rounds, pieces) {
  const share = (of) => figure(rounds.map(({ latencies }) => percentile(latencies, of)));
  const cpu = figure(
    rounds.map(({ cpu }) => cpu * 100),
    0,
  );
  return [database, what, share(0.5), share(0.99), share(1), cpu, pieces];
}

await withPostgres(async (url) => {
  const rows = [];
  for (const [name, env] of [
    ['PostgreSQL', { DATABASE_URL: url }],
    ['embedded', {}],
  ]) {
    const rounds = await measure(env);
    rows.push(row(name, 'no answers', rounds.without, '–'));
    rows.push(row(name, `${ANSWERS} answers`, rounds.with, figure(rounds.pieces, 0)));
  }
  const head = ['database', 'beside', 'p50 ms', 'p99 ms', 'max ms', 'CPU of the server %', 'pieces/s'];
  table('From emit to client, 200 durable events/s to 100 subscribers, beside answers that stream', head, rows);
});
