// Keeps a client connected: a link at a time, a token for each, a pause between attempts. What follows from what is
// decided by connection-state.ts; the socket and the timers are here.
import { retryDelay, type RetryTiming } from './backoff.js';
import {
  initialStatus,
  transition,
  type ConnectionEffect,
  type ConnectionSignal,
  type ConnectionStatus,
} from './connection-state.js';
import type { Link, LinkEvents } from './link.js';
import { RoomcastError } from './roomcast-error.js';
import { renewToken } from './token-renewal.js';
import { errorFromWire, isConnectionEvent, outcomeOf, type Outcome } from './wire.js';

/** From the start of an attempt to the server's word that it takes this client. */
const ESTABLISH_TIMEOUT_MS = 20_000;

/** What a token is needed for. For `expiring` and `expired` it must be a new one. */
export type TokenPurpose = 'connect' | 'expiring' | 'expired';

/** In the form that `useSyncExternalStore` takes. */
export interface StatusStore {
  /** The same object until the status changes. */
  getSnapshot(): ConnectionStatus;
  /** @param listener called after each change @returns ends it */
  subscribe(listener: () => void): () => void;
}

export interface ConnectionTiming extends RetryTiming {
  /** How long the answer of a command is waited for. */
  readonly commandTimeoutMs: number;
}

export interface ConnectionDeps {
  openLink: (token: string, events: LinkEvents) => Link;
  getToken: (purpose: TokenPurpose) => string | Promise<string>;
  timing: ConnectionTiming;
  random: () => number;
  /** @param again this client was connected before */
  connected: (again: boolean) => void;
  disconnected: () => void;
  /** It does not come back by itself. */
  closed: (error: RoomcastError) => void;
  message: (name: string, payload: unknown) => void;
  failed: (error: unknown) => void;
}

export interface Connection {
  readonly status: StatusStore;
  /** Connects, and comes back whenever the connection is lost. Does nothing on a client that was closed. */
  open(): void;
  close(): void;
  /** Gives up this connection for a new one, since what the server makes of it is not known any more. */
  restart(reason: string): void;
  /**
   * Sends a command; `unanswered` at once when not connected.
   * @param done called once, in the turn of the answer, also when the connection ends before
   */
  send(name: string, payload: object, done: (outcome: Outcome) => void): void;
}

export function createConnection(deps: ConnectionDeps): Connection {
  const { timing, random } = deps;
  const listeners = new Set<() => void>();
  let status = initialStatus;
  let link: Link | null = null;
  /** Counts attempts; what an older one still tells is not heard. */
  let life = 0;
  let established = false;
  let before = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopRenewal = () => {};
  let purpose: TokenPurpose = 'connect';
  /** Milliseconds that the server asked to wait; 0: come at once; null: it said nothing. */
  let asked: number | null = null;
  /** The server has announced the end of this connection: its goodbye is not meant for the client. */
  let closing = false;

  function signal(given: ConnectionSignal): void {
    const { status: next, effect } = transition(status, given);
    const changed = next !== status;
    status = next;
    act(effect);
    if (changed) for (const listener of [...listeners]) tell(listener);
  }

  function tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      deps.failed(error);
    }
  }

  function act(effect: ConnectionEffect): void {
    if (effect === 'none') return;
    abandon(effect === 'end');
    if (effect === 'attempt') attempt();
    else if (effect === 'retry') timer = setTimeout(attempt, pause());
    else if (status.state === 'closed') deps.closed(closedError(status));
  }

  function pause(): number {
    const delay = 'attempt' in status ? retryDelay(status.attempt, timing, random) : 0;
    const wait = asked === 0 ? 0 : Math.max(delay, asked ?? 0);
    asked = null;
    return wait;
  }

  function abandon(goodbye: boolean): void {
    const [ended, wasEstablished] = [link, established];
    life++;
    link = null;
    established = false;
    clearTimeout(timer);
    stopRenewal();
    ended?.end(goodbye);
    if (wasEstablished) deps.disconnected();
  }

  function attempt(): void {
    const own = ++life;
    const begin = async () => {
      const given = await deps.getToken(purpose);
      if (own === life) connect(given, own);
    };
    begin().catch((cause: unknown) => {
      if (own === life) lost('There is no token, or no way to the server', cause);
    });
  }

  function connect(given: string, own: number): void {
    closing = false;
    timer = setTimeout(() => lost('The server did not answer'), ESTABLISH_TIMEOUT_MS);
    const whileCurrent =
      <Args extends unknown[]>(tell: (...args: Args) => void) =>
      (...args: Args) => {
        if (own === life) tell(...args);
      };
    link = deps.openLink(given, {
      established: whileCurrent(establish),
      refused: whileCurrent((said: unknown) => refuse(errorFromWire(said))),
      lost: whileCurrent(lost),
      kicked: whileCurrent(() => (closing ? lost('The server is closing') : signal({ type: 'kicked' }))),
      message: whileCurrent(hear),
    });
  }

  function establish(): void {
    clearTimeout(timer);
    const again = before;
    before = established = true;
    purpose = 'connect';
    signal({ type: 'established' });
    if (link) deps.connected(again);
  }

  function refuse(error: RoomcastError): void {
    if (!error.retryable) return signal({ type: 'refused', error });
    if (error.code === 'token_expired') {
      if (purpose !== 'expired') asked = 0;
      purpose = 'expired';
    } else asked = error.retryAfterMs ?? null;
    signal({ type: 'lost', error });
  }

  function lost(reason: string, cause?: unknown): void {
    signal({ type: 'lost', error: new RoomcastError('disconnected', reason, { retryable: true, cause }) });
  }

  function hear(name: string, payload: unknown): void {
    if (isConnectionEvent('auth.expiring', name, payload)) renew();
    else if (isConnectionEvent('auth.expired', name, payload)) purpose = 'expired';
    else if (isConnectionEvent('session.closing', name, payload)) closing = true;
    deps.message(name, payload);
  }

  function renew(): void {
    stopRenewal();
    stopRenewal = renewToken({
      getToken: async () => deps.getToken('expiring'),
      send: (payload, done) => send('auth.refresh', payload, done),
      timing,
      random,
      failed: deps.failed,
    });
  }

  function send(name: string, payload: object, done: (outcome: Outcome) => void): void {
    if (!link || !established) return done({ type: 'unanswered' });
    link.send(name, payload, timing.commandTimeoutMs, (answer) => done(outcomeOf(answer)));
  }

  return {
    status: {
      getSnapshot: () => status,
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    open: () => signal({ type: 'open' }),
    close: () => signal({ type: 'close' }),
    restart: (reason) => lost(reason),
    send,
  };
}

function closedError({ reason, error }: Extract<ConnectionStatus, { state: 'closed' }>): RoomcastError {
  const sentence = {
    client: 'The client is closed',
    kicked: 'The server has ended the connection for good',
    refused: 'The server does not accept this client',
  }[reason];
  return new RoomcastError('closed', sentence, error ? { cause: error } : {});
}
