// A text frame as JSON.
import { RoomcastError } from '@roomcast/protocol';

/** @throws RoomcastError `bad_request` */
export function parseFrame(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RoomcastError('bad_request', 'The frame is not JSON.');
  }
}
