// The peer: Socket.IO as its documentation shows it. In memory, nothing is kept, the token is checked with a string
// secret.
import { createServer } from 'node:http';
import jwt from 'jsonwebtoken';
import { Server } from 'socket.io';
import { measured, serve } from './harness.mjs';

const http = createServer();
const io = new Server(http, { pingInterval: 60_000 });
io.use((socket, next) => {
  jwt.verify(socket.handshake.auth.token, process.env.JWT_SECRET, { algorithms: ['HS256'] }, next);
});
io.on('connection', (socket) => {
  socket.on('subscribe', ({ room }, ack) => {
    socket.join(room);
    ack?.({ status: 'success' });
  });
});

serve({
  ...measured,
  ready: () => new Promise((resolve) => http.listen(0, '127.0.0.1', resolve)),
  url: () => `http://127.0.0.1:${http.address().port}`,
  emit({ events }) {
    for (const { event, data } of events) {
      const envelope = { id: crypto.randomUUID(), event, data, timestamp: new Date().toISOString() };
      io.to(`project:${data.project_id}`).emit(event, envelope);
    }
  },
});
