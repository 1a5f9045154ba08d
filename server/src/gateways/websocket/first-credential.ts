// Who could not put a token into the address has a moment to send one.
import { RoomcastError } from '@roomcast/protocol';
import type { WebSocket } from 'ws';
import type { Clock } from '../../ops/clock.js';
import type { Inbox } from './inbox.js';
import type { Protocol } from './protocol.js';

const WAIT_MS = 5_000;

/**
 * Waits for the frame that holds the credential; what else comes is answered with an error. Then the socket is paused.
 * @throws RoomcastError `unauthorized` when the protocol has no such frame, or none has come in time
 */
export function firstCredential(ws: WebSocket, inbox: Inbox, protocol: Protocol, clock: Clock): Promise<string> {
  const { credentialIn, echo, notice } = protocol;
  return new Promise((resolve, reject) => {
    const refuse = () =>
      reject(new RoomcastError('unauthorized', 'A token is needed: Authorization: Bearer, or ?token='));
    if (!credentialIn) return refuse();
    const cancel = clock.after(WAIT_MS, refuse);
    ws.once('close', () => {
      cancel();
      refuse();
    });
    inbox.handTo((text) => {
      const credential = read(credentialIn, text);
      if (typeof credential === 'string') {
        cancel();
        ws.pause();
        inbox.handTo(null);
        return resolve(credential);
      }
      const answer = echo?.(text) ?? notice('error', credential.toWire());
      if (answer !== null) ws.send(answer);
    });
  });
}

function read(credentialIn: (text: string) => string, text: string): string | RoomcastError {
  try {
    return credentialIn(text);
  } catch (error) {
    if (error instanceof RoomcastError) return error;
    throw error;
  }
}
