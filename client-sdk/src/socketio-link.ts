// A link over Socket.IO: a socket of its own for each connection. Socket.IO's reconnection is not used, since it keeps
// what could not be sent and sends it before anybody can say where to go on.
import { Manager, type Socket } from 'socket.io-client';
import type { Link, LinkAddress, LinkEvents } from './link.js';

const OPEN_TIMEOUT_MS = 10_000;
const SERVER_SAID_GOODBYE = 'io server disconnect';

export function openSocketIoLink({ url, path, namespace, token }: LinkAddress, events: LinkEvents): Link {
  const options = { path, reconnection: false, transports: ['websocket'], timeout: OPEN_TIMEOUT_MS };
  const manager = url === undefined ? new Manager(options) : new Manager(url, options);
  const socket = manager.socket(namespace, { auth: { token } });
  listen(socket, events);
  return {
    send(name, payload, timeoutMs, done) {
      socket.timeout(timeoutMs).emit(name, payload, (failed: Error | null, answer: unknown) => {
        done(failed ? null : { ack: answer });
      });
    },
    end(goodbye) {
      socket.off();
      socket.offAny();
      // Whatever Socket.IO has kept back would hold its timer.
      socket.sendBuffer = [];
      if (goodbye) socket.disconnect();
      else manager.engine.close();
    },
  };
}

function listen(socket: Socket, events: LinkEvents): void {
  socket.on('connect', () => events.established());
  socket.on('connect_error', (error) => {
    if ('data' in error && error.data !== undefined) events.refused(error.data);
    else events.lost(error.message);
  });
  socket.on('disconnect', (reason) => {
    socket.sendBuffer = [];
    if (reason === SERVER_SAID_GOODBYE) events.kicked();
    else events.lost(reason);
  });
  socket.onAny((name: string, payload: unknown) => events.message(name, payload));
}
