// One log line a request, under an id that the answer carries too, so that a caller's question leads to the line.
import { randomUUID } from 'node:crypto';
import { ID_PATTERN } from '@roomcast/protocol';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

const HEADER = 'X-Request-Id';

/** Gives every request its id (a proxy's, where one came) and logs it when it is answered. */
export function createRequestLog(logger: Pick<Logger, 'info'>): RequestHandler {
  return (req, res, next) => {
    const began = performance.now();
    const given = req.get(HEADER) ?? '';
    res.setHeader(HEADER, ID_PATTERN.test(given) ? given : randomUUID());
    res.once('close', () => {
      const ms = Math.round(performance.now() - began);
      const status = res.writableFinished ? res.statusCode : 'aborted';
      logger.info({ ...requestOf(req, res), status, ms }, 'request');
    });
    next();
  };
}

/** What the log says of a request. The path and never the whole address: its query may hold a token. */
export function requestOf(req: Request, res: Response): object {
  const [path] = req.originalUrl.split('?');
  return { request_id: res.getHeader(HEADER), method: req.method, path };
}
