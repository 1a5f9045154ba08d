// Pages of which origins may open a connection. Browsers ask nobody before they upgrade: the server has to look itself.
import type { IncomingMessage } from 'node:http';

/**
 * @param origins `*` for all; a server's own pages and programs, which send no origin, always may
 * @returns whether a request may be upgraded
 */
export function createOriginCheck(origins: '*' | readonly string[]): (request: IncomingMessage) => boolean {
  return ({ headers: { origin, host } }) => {
    if (origins === '*' || origin === undefined || origins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  };
}
