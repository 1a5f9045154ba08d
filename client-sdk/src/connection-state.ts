// What the client's connection is in, and what follows from each thing that can happen to it: one total table, so that
// no state and no signal can be forgotten. It decides only; sockets and timers are in connection.ts.
import type { RoomcastError } from './roomcast-error.js';

/** Why a client does not come back by itself: it was closed, thrown out, or its token is not accepted. */
export type ClosedReason = 'client' | 'kicked' | 'refused';

export type ConnectionStatus =
  | { readonly state: 'idle' }
  /** `attempt` counts from 1; `error` tells why the last one failed. */
  | { readonly state: 'connecting'; readonly attempt: number; readonly error?: RoomcastError }
  | { readonly state: 'connected' }
  | { readonly state: 'reconnecting'; readonly attempt: number; readonly error?: RoomcastError }
  | { readonly state: 'closed'; readonly reason: ClosedReason; readonly error?: RoomcastError };

export type ConnectionSignal =
  | { readonly type: 'open' }
  | { readonly type: 'established' }
  /** An attempt failed, or the transport is gone; trying again makes sense. */
  | { readonly type: 'lost'; readonly error: RoomcastError }
  /** The server will not have this client. */
  | { readonly type: 'refused'; readonly error: RoomcastError }
  | { readonly type: 'kicked' }
  | { readonly type: 'close' };

/** `attempt`: connect now. `retry`: connect after a pause. `end`: let go of everything. */
export type ConnectionEffect = 'none' | 'attempt' | 'retry' | 'end';

export interface Transition {
  readonly status: ConnectionStatus;
  readonly effect: ConnectionEffect;
}

type State = ConnectionStatus['state'];
type StatusIn<S extends State> = Extract<ConnectionStatus, { state: S }>;
type SignalOf<T extends ConnectionSignal['type']> = Extract<ConnectionSignal, { type: T }>;
type Table = {
  [S in State]: { [T in ConnectionSignal['type']]: (status: StatusIn<S>, signal: SignalOf<T>) => Transition };
};

const stay = (status: ConnectionStatus): Transition => ({ status, effect: 'none' });
const begin = (): Transition => ({ status: { state: 'connecting', attempt: 1 }, effect: 'attempt' });
const established = (): Transition => ({ status: { state: 'connected' }, effect: 'none' });
const again = (
  { state, attempt }: StatusIn<'connecting' | 'reconnecting'>,
  { error }: { error: RoomcastError },
): Transition => ({ status: { state, attempt: attempt + 1, error }, effect: 'retry' });
const closed = (reason: ClosedReason, error?: RoomcastError): Transition => ({
  status: error ? { state: 'closed', reason, error } : { state: 'closed', reason },
  effect: 'end',
});
const ends = {
  refused: (_: ConnectionStatus, { error }: SignalOf<'refused'>) => closed('refused', error),
  kicked: () => closed('kicked'),
  close: () => closed('client'),
};

const table: Table = {
  idle: { open: begin, established: stay, lost: stay, refused: stay, kicked: stay, close: () => closed('client') },
  connecting: { open: stay, established, lost: again, ...ends },
  connected: {
    open: stay,
    established: stay,
    lost: (_, { error }) => ({ status: { state: 'reconnecting', attempt: 1, error }, effect: 'retry' }),
    ...ends,
  },
  reconnecting: { open: stay, established, lost: again, ...ends },
  closed: {
    open: (status) => (status.reason === 'client' ? stay(status) : begin()),
    established: stay,
    lost: stay,
    refused: stay,
    kicked: stay,
    close: (status) => (status.reason === 'client' ? stay(status) : closed('client')),
  },
};

export const initialStatus: ConnectionStatus = { state: 'idle' };

/** The same status object comes back where nothing changes. */
export function transition(status: ConnectionStatus, signal: ConnectionSignal): Transition {
  return row(status.state, signal.type)(status, signal);
}

// The table's types hold each function to its own state and signal; looked up by both, they meet what they were made for.
function row(state: State, type: ConnectionSignal['type']): Untyped {
  return table[state][type];
}
type Untyped = { bivariant(status: ConnectionStatus, signal: ConnectionSignal): Transition }['bivariant'];
