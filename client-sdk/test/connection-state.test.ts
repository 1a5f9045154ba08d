// The table of all states and signals, written out: a state or signal that is new has no line here, and fails.
import { describe, expect, it } from '@jest/globals';
import { transition, type ConnectionSignal, type ConnectionStatus } from '../src/connection-state.js';
import { RoomcastError } from '../src/roomcast-error.js';

const error = new RoomcastError('disconnected', 'gone');

const statuses = {
  idle: { state: 'idle' },
  connecting: { state: 'connecting', attempt: 2 },
  connected: { state: 'connected' },
  reconnecting: { state: 'reconnecting', attempt: 3 },
  'closed by the client': { state: 'closed', reason: 'client' },
  'closed by a kick': { state: 'closed', reason: 'kicked' },
  'closed by a refusal': { state: 'closed', reason: 'refused', error },
} satisfies Record<string, ConnectionStatus>;

const signals: { [Type in ConnectionSignal['type']]: Extract<ConnectionSignal, { type: Type }> } = {
  open: { type: 'open' },
  established: { type: 'established' },
  lost: { type: 'lost', error },
  refused: { type: 'refused', error },
  kicked: { type: 'kicked' },
  close: { type: 'close' },
};

const nothing = 'nothing';
const starts = 'connecting 1, attempt';
const kicked = 'closed kicked, end';
const refused = 'closed refused, end';
const closed = 'closed client, end';

const expected: Record<keyof typeof statuses, Record<ConnectionSignal['type'], string>> = {
  idle: {
    open: starts,
    established: nothing,
    lost: nothing,
    refused: nothing,
    kicked: nothing,
    close: closed,
  },
  connecting: {
    open: nothing,
    established: 'connected, none',
    lost: 'connecting 3, retry',
    refused,
    kicked,
    close: closed,
  },
  connected: {
    open: nothing,
    established: nothing,
    lost: 'reconnecting 1, retry',
    refused,
    kicked,
    close: closed,
  },
  reconnecting: {
    open: nothing,
    established: 'connected, none',
    lost: 'reconnecting 4, retry',
    refused,
    kicked,
    close: closed,
  },
  'closed by the client': {
    open: nothing,
    established: nothing,
    lost: nothing,
    refused: nothing,
    kicked: nothing,
    close: nothing,
  },
  'closed by a kick': {
    open: starts,
    established: nothing,
    lost: nothing,
    refused: nothing,
    kicked: nothing,
    close: closed,
  },
  'closed by a refusal': {
    open: starts,
    established: nothing,
    lost: nothing,
    refused: nothing,
    kicked: nothing,
    close: closed,
  },
};

function outcome(status: ConnectionStatus, signal: ConnectionSignal): string {
  const { status: next, effect } = transition(status, signal);
  if (next === status && effect === 'none') return nothing;
  const detail = 'attempt' in next ? ` ${next.attempt}` : 'reason' in next ? ` ${next.reason}` : '';
  return `${next.state}${detail}, ${effect}`;
}

describe.each(Object.entries(statuses))('a connection that is %s', (name, status) => {
  it.each(Object.entries(signals))('knows what follows from "%s"', (type, signal) => {
    expect(outcome(status, signal)).toBe(expected[name as keyof typeof statuses][type as ConnectionSignal['type']]);
  });
});

describe('the status', () => {
  it('holds the error of the last attempt', () => {
    expect(transition(statuses.connecting, signals.lost).status).toMatchObject({ error });
  });
});
