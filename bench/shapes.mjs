// The shapes of load in which a delivery is measured. Each emits events and says how many deliveries they make.
import { start } from './harness.mjs';

const JWT_SECRET = 'a secret of the benchmarks and nothing else';

export const shapes = {
  'one at a time': { clients: 1000, rooms: 1, events: 200, batch: 1, pauseMs: 0 },
  'bursts of 16': { clients: 1000, rooms: 1, events: 480, batch: 16, pauseMs: 0 },
  'paced, every 10 ms': { clients: 1000, rooms: 1, events: 200, batch: 1, pauseMs: 10 },
  '2,000 clients in 500 rooms': { clients: 2000, rooms: 500, events: 4000, batch: 500, pauseMs: 0 },
};

const event = (room, n) => ({
  event: 'project.updated',
  data: {
    project_id: `p${room}`,
    project_name: 'Atlas',
    repository_url: 'https://github.com/acme/atlas',
    status: 'active',
    updated_by: 'ada',
    changes: { status: 'active', n },
  },
});

/**
 * CPU of a server per delivery, in microseconds.
 * @param {string} program of the server
 * @param {string} [door] by which the clients come
 */
export async function cpuPerDelivery(program, env, shape, door) {
  const server = await start('server', program, { ...env, JWT_SECRET });
  const load = await start('load', './load.mjs', { JWT_SECRET });
  try {
    await load.call('connect', { url: await server.call('url'), door, ...shape });
    await deliver(server, load, { ...shape, events: shape.batch * 8 });
    return await deliver(server, load, shape);
  } finally {
    await load.stop();
    await server.stop();
  }
}

async function deliver(server, load, { clients, rooms, events, batch, pauseMs }) {
  const members = clients / rooms;
  const before = await server.call('usage');
  for (let sent = 0; sent < events; sent += batch) {
    const together = Array.from({ length: Math.min(batch, events - sent) }, (_, n) =>
      event((sent + n) % rooms, sent + n),
    );
    await load.call('expect', { events: together.length * members });
    await server.call('emit', { events: together });
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    else await load.call('arrived');
  }
  await load.call('arrived');
  const after = await server.call('usage');
  return (after.cpu - before.cpu) / (events * members);
}
