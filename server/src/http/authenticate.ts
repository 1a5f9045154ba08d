// Who is calling: a JWT or an API key, from `Authorization: Bearer` or `?token=`. What stands there is never logged.
import { RoomcastError } from '@roomcast/protocol';
import type { RequestHandler, Response } from 'express';
import { credentialOf } from '../identity/credential-of.js';
import { isAdmin, isPublisher, type Principal } from '../identity/principal.js';

export interface Authenticator {
  /**
   * @param token a JWT or an `rc_` key
   * @throws RoomcastError `unauthorized`, `token_expired`, `unavailable`
   */
  authenticate(token: string): Promise<Principal>;
}

const principals = new WeakMap<Response, Principal>();

/** Lets only callers with a valid token or key through; handlers behind it ask `principalOf`. */
export function createAuthenticate(identity: Authenticator): RequestHandler {
  return async (req, res, next) => {
    const token = credentialOf(req.headers.authorization, req.query.token);
    if (token === null) throw new RoomcastError('unauthorized', 'The request needs a token or an API key.');
    principals.set(res, await identity.authenticate(token));
    next();
  };
}

/** The caller of a request that has passed authentication. */
export function principalOf(res: Response): Principal {
  const principal = principals.get(res);
  if (!principal) throw new Error('a route that asks for the caller stands before authentication');
  return principal;
}

/** @throws RoomcastError `forbidden` unless the caller is a publisher or an admin */
export function publisherOf(res: Response): Principal {
  const principal = principalOf(res);
  if (!isPublisher(principal)) throw new RoomcastError('forbidden', 'This needs the role publisher.');
  return principal;
}

/** @throws RoomcastError `forbidden` unless the caller is an admin */
export function adminOf(res: Response): Principal {
  const principal = principalOf(res);
  if (!isAdmin(principal)) throw new RoomcastError('forbidden', 'This needs the role admin.');
  return principal;
}

/** Refuses others than publishers before their body is read. */
export const requirePublisher: RequestHandler = (_req, res, next) => {
  publisherOf(res);
  next();
};
