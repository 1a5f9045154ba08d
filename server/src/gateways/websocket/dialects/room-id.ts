// Rooms as the clients of existing systems know them: by the id alone.
import { catalogue, parseRoom } from '@roomcast/protocol';

/** The id of a room of a kind; null when it is one of another kind. */
export function roomId(room: string, kind: 'session' | 'conversation'): string | null {
  const parsed = parseRoom(room, catalogue.roomKinds);
  return parsed?.kind === kind ? parsed.id : null;
}
