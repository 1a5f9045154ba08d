// Reads who is coming from a Socket.IO handshake, and says no in a form that a client can act on.
import { RoomcastError } from '@roomcast/protocol';
import type { ExtendedError, Socket } from 'socket.io';
import { z } from 'zod';
import { credentialOf } from '../../identity/credential-of.js';

const auth = z.looseObject({ token: z.string() });

/**
 * The token or key of a handshake: `auth.token`, else `Authorization: Bearer`, else `?token=`.
 * @throws RoomcastError `unauthorized`
 */
export function credentialIn({ handshake }: Pick<Socket, 'handshake'>): string {
  const given = auth.safeParse(handshake.auth);
  if (given.success) return given.data.token;
  const credential = credentialOf(handshake.headers.authorization, handshake.query.token);
  if (credential !== null) return credential;
  throw new RoomcastError('unauthorized', 'A token is needed: auth.token, Authorization: Bearer, or ?token=');
}

/** What the client gets as `connect_error`: `err.data` holds code, message, retryable. */
export function refusal(error: RoomcastError): ExtendedError {
  return Object.assign(new Error(error.message), { data: error.toWire() });
}
