// roomcast as it is shipped, embedded, so that events are emitted in the process as the peer's are.
import { createServer } from 'node:http';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { createRoomcast } from '@roomcast/server';
import { measured, serve } from './harness.mjs';

const roomcast = await createRoomcast({
  settings: {
    DATA_DIR: mkdtempSync(join(tmpdir(), 'roomcast-bench-')),
    LOG_LEVEL: 'warn',
    MAX_CONNECTIONS_PER_USER: '0',
    PUBLISH_RATE: '0',
    PING_INTERVAL_MS: '60000',
    ...process.env,
  },
});
const http = createServer(express().use(roomcast.router));

serve({
  ...measured,
  async ready() {
    await roomcast.attach(http);
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  },
  url: () => `http://127.0.0.1:${http.address().port}`,
  async emit({ events }) {
    await Promise.all(events.map(({ event, data }) => roomcast.broadcaster.emit(event, data)));
  },
  /** Emits an event every so many milliseconds, each with the time of its emission. */
  async pace({ events, everyMs }) {
    const emitted = [];
    const began = performance.now();
    for (let n = 0; n < events; n++) {
      const wait = began + n * everyMs - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const sent_at = performance.timeOrigin + performance.now();
      const data = { project_id: 'p0', project_name: 'Atlas', status: 'active', changes: { n, sent_at } };
      emitted.push(roomcast.broadcaster.emit('project.updated', data));
    }
    await Promise.all(emitted);
  },
  /** Emits `total` events with `inFlight` at a time to so many rooms. @returns seconds */
  async emitMany({ total, inFlight, streams }) {
    const { emit } = roomcast.broadcaster;
    const data = (n) =>
      streams === 1
        ? ['project.updated', { project_id: `p${n % 10}`, project_name: 'Atlas', status: 'active', changes: { n } }]
        : ['notification.updated', { notification: { ...notification, user_id: `u${n % streams}` } }];
    let next = 0;
    const began = performance.now();
    const writer = async () => {
      while (next < total) await emit(...data(next++));
    };
    await Promise.all(Array.from({ length: inFlight }, writer));
    return (performance.now() - began) / 1000;
  },
  /** Puts messages into rooms without sending them: what a search has to look through. */
  async storeMessages({ rooms, total }) {
    await roomcast.dataSource.query(
      `insert into messages (tenant, id, room, seq, sender_id, sender_name, role, content, status)
       select 'default', 'stored-' || n, ($1::text[])[1 + n % $2], 1000000 + n, 'bob', 'Bob', 'user',
         'stored words ' || md5(n::text) || case when n % 100 = 0 then ' everywhere' else '' end
           || case when n % 1000 = 0 then ' rare' || n / 1000 - 1 else '' end, 'complete'
       from generate_series(1, $3) n`,
      [rooms, rooms.length, total],
    );
    await roomcast.dataSource.query('analyze messages');
  },
});

const notification = {
  id: 'n1',
  title: 'Analysis finished',
  message: 'The analysis of Atlas is ready.',
  level: 'info',
  created_at: '2026-01-01T00:00:00.000Z',
};
