// The peer of the native door: bare `ws`, one prepared frame for all. In memory, nothing is kept, nobody is asked.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { measured, serve } from './harness.mjs';

const http = createServer();
const rooms = new Map();
new WebSocketServer({ server: http }).on('connection', (socket, { url }) => {
  const room = new URL(url, 'http://localhost').searchParams.get('room');
  rooms.set(room, [...(rooms.get(room) ?? []), socket]);
});

serve({
  ...measured,
  ready: () => new Promise((resolve) => http.listen(0, '127.0.0.1', resolve)),
  url: () => `http://127.0.0.1:${http.address().port}`,
  emit({ events }) {
    for (const { event, data } of events) {
      const envelope = { id: crypto.randomUUID(), event, data, timestamp: new Date().toISOString() };
      const text = Buffer.from(JSON.stringify(envelope));
      for (const socket of rooms.get(`project:${data.project_id}`)) socket.send(text, { binary: false });
    }
  },
});
