// How a WebSocket is ended: the code and the reason of its close frame, and a connection that does not answer it is
// ended all the same.
import { errorTable, type ErrorCode, type RoomcastError } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import type { Clock } from '../../ops/clock.js';

/** Of a close frame. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

const ANSWER_MS = 1_000;

const accessDenied: Ending = { code: 1008, reason: 'Access denied' };

export const endings = {
  goodbye: { code: 1000, reason: '' },
  drain: { code: 1012, reason: 'Service restart' },
  /** Its rights have to be read anew, or the server cannot know what it is subscribed to. */
  comeAgain: { code: 1012, reason: 'Come again' },
  slow: { code: 1013, reason: 'Slow consumer' },
  accessDenied,
} as const satisfies Record<string, Ending>;

const reasons: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'Unauthorized',
  token_expired: 'Token expired',
  forbidden: accessDenied.reason,
  not_found: accessDenied.reason,
  connection_limit: 'Too many connections',
  overloaded: 'Overloaded',
  unavailable: 'Unavailable',
  internal: 'Internal error',
};

/** The end of a connection that was refused. */
export function endingOf({ code }: RoomcastError): Ending {
  return { code: errorTable[code].close, reason: reasons[code] ?? code };
}

/** The end of a connection that rooms or limits have ended. */
export function endingFor(reason: string, kicked: boolean): Ending {
  if (kicked) return endings.accessDenied;
  const known: Readonly<Record<string, Ending>> = {
    drain: endings.drain,
    'slow consumer': endings.slow,
    stalled: endings.slow,
    'Token expired': { code: 1008, reason: 'Token expired' },
    internal: { code: 1011, reason: 'Internal error' },
  };
  return known[reason] ?? endings.comeAgain;
}

/** Closes; a client that has not answered within a second is gone then. */
export function end(ws: WebSocket, { code, reason }: Ending, clock: Clock): void {
  if (ws.readyState === ws.CLOSED) return;
  const cancel = clock.after(ANSWER_MS, () => ws.terminate());
  ws.once('close', cancel);
  // Nothing may have been read until now.
  ws.resume();
  ws.close(code, reason);
}
