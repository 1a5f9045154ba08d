// How many live connections a node and a user may have. A place is taken at the handshake and given back at the end of
// the connection, however that comes.
import { RoomcastError } from '@roomcast/protocol';
import type { Principal } from '../identity/principal.js';

export interface Admission {
  /**
   * Takes a place for a connection.
   * @returns gives it back; calling it again changes nothing
   * @throws RoomcastError `overloaded`, `connection_limit`
   */
  enter(principal: Principal): () => void;
}

interface PlacesOfUsersDeps {
  /** Of one user; null: no limit. */
  maxPerUser: number | null;
  /** The setting that it comes from. */
  setting: string;
  /** Told of every refusal, with the name of the setting. */
  refused: (setting: string, principal: Principal) => void;
}

interface Deps extends Omit<PlacesOfUsersDeps, 'setting'> {
  /** Of this node. */
  maxConnections: number;
}

export function createAdmission({ maxConnections, maxPerUser, refused }: Deps): Admission {
  const places = createPlacesOfUsers({ maxPerUser, setting: 'MAX_CONNECTIONS_PER_USER', refused });
  let connections = 0;

  return {
    enter(principal) {
      if (connections >= maxConnections) {
        refused('MAX_CONNECTIONS', principal);
        throw new RoomcastError('overloaded', undefined, { retryAfterMs: 5_000 });
      }
      const leave = places.enter(principal);
      connections++;
      return once(() => {
        connections--;
        leave();
      });
    },
  };
}

/** Places that are counted by user alone. */
export function createPlacesOfUsers({ maxPerUser, setting, refused }: PlacesOfUsersDeps): Admission {
  const users = new Map<string, number>();

  return {
    enter(principal) {
      const user = `${principal.tenant}/${principal.userId}`;
      const own = users.get(user) ?? 0;
      if (maxPerUser !== null && own >= maxPerUser) {
        refused(setting, principal);
        throw new RoomcastError('connection_limit', `A user may have ${maxPerUser} live connections (${setting}).`);
      }
      users.set(user, own + 1);
      return once(() => {
        const others = (users.get(user) ?? 1) - 1;
        if (others > 0) users.set(user, others);
        else users.delete(user);
      });
    },
  };
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
