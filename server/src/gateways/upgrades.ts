// Who takes an upgrade on the one HTTP server: each door says which paths are its own. Only what nobody knows and what
// comes from a foreign page is refused in HTTP; a browser tells its page nothing of such a refusal.
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';

export interface UpgradeDoor {
  /** Whether a path, without its query, leads to this door. */
  knows(path: string): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/**
 * Takes all upgrades of a server. What is not known is left to listeners that the server has beside it.
 * @param allowed whether the request comes from a page that may
 */
export function routeUpgrades(
  server: Server,
  doors: readonly UpgradeDoor[],
  allowed: (request: IncomingMessage) => boolean,
): void {
  const route = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = pathOf(request);
    const door = doors.find(({ knows }) => knows(path));
    if (door && allowed(request)) door.take(request, socket, head);
    else if (door) refuse(socket, 403);
    else if (server.listenerCount('upgrade') === 1) refuse(socket, 404);
  };
  server.on('upgrade', route);
}

/** Without its query and a slash at its end. */
export function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function refuse(socket: Duplex, status: 403 | 404): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
