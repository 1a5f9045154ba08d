// The life of a live connection, the same for every door: who it is, a place for it, a member of its rooms, its end.
import { rooms, type ConnectionEvents } from '@roomcast/protocol';
import { v7 as uuid } from 'uuid';
import type { ControlPosition } from '../events/log-row.js';
import type { Principal } from '../identity/principal.js';
import type { Logger } from '../ops/logger.js';
import type { Admission } from '../rooms/admission.js';
import { Member, type Wire } from '../rooms/member.js';
import type { Membership } from '../rooms/membership.js';
import { Subscriptions, type SubscriptionDeps } from '../rooms/subscriptions.js';
import type { Caller } from './command-router.js';

/** Who was let in. */
export interface Admitted {
  readonly principal: Principal;
  /** The place in the control stream at which it was authenticated. */
  readonly control: ControlPosition;
  /** Gives its place back. Must be called at the end of the connection; calling it again changes nothing. */
  readonly leave: () => void;
}

export interface Connections {
  /**
   * Says who comes with a credential, and takes a place for the connection.
   * @throws RoomcastError `unauthorized`, `token_expired`, `unavailable`, `overloaded`, `connection_limit`
   */
  admit(credential: string): Promise<Admitted>;
  /**
   * Makes a member of who was admitted.
   * @param about what the log says of it beside who it is
   * @returns null when something was taken from it since: it has to come again, and be asked again who it is
   */
  open(admitted: Admitted, wire: Wire, about: object): Caller | null;
  /** Enters the user's own room. It is the first of all, so that nothing sent to it after the welcome is missed. */
  enterOwnRoom(caller: Caller, entered: () => void): void;
  /** Tells the client that it is connected. */
  welcome(caller: Caller): void;
  /** The connection ends because a frame of its client was too large. */
  frameRefused(caller: Caller): void;
  /** The connection is gone. @param how for the log @param returns its client has not said goodbye */
  close(caller: Caller, how: object, returns: boolean): void;
}

export interface ConnectionDeps {
  authenticate: (credential: string) => Promise<Principal>;
  /** The place in the control stream that this node has applied. */
  applied: () => ControlPosition;
  /** Whether something was taken from the principal after a place in the control stream. */
  overtook: (principal: Principal, control: ControlPosition) => boolean;
  admission: Admission;
  membership: Membership;
  subscriptions: SubscriptionDeps;
  /** What a new connection is told of this node. */
  welcome: (member: Member) => ConnectionEvents['connection_established'];
  /** Told of what a limit has refused, by the setting's name. */
  refused: (setting: string, principal: Principal) => void;
  logger: Pick<Logger, 'info'>;
}

export function createConnections(deps: ConnectionDeps): Connections {
  const { membership, logger } = deps;

  return {
    async admit(credential) {
      const control = deps.applied();
      const principal = await deps.authenticate(credential);
      return { principal, control, leave: deps.admission.enter(principal) };
    },
    open({ principal, control }, wire, about) {
      if (deps.overtook(principal, control)) return null;
      const member = new Member(uuid(), principal, wire, control);
      membership.add(member);
      logger.info({ ...identify(member), ...about }, 'connected');
      return { member, subscriptions: new Subscriptions(deps.subscriptions, member) };
    },
    enterOwnRoom({ member, subscriptions }, entered) {
      const own = { room: rooms.user(member.principal.userId) };
      subscriptions.subscribe({ items: [own], single: false, implied: true, reply: entered });
    },
    welcome: ({ member }) => member.wire.notify('connection_established', deps.welcome(member)),
    frameRefused: ({ member }) => deps.refused('MAX_FRAME_BYTES', member.principal),
    close({ member }, how, returns) {
      membership.remove(member, returns && !member.thrownOut);
      logger.info({ ...identify(member), ...how }, 'disconnected');
    },
  };
}

/** What the log says of a connection. */
function identify({ id, principal: { tenant, userId } }: Member): object {
  return { connection_id: id, tenant, user: userId };
}
