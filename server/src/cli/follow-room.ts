// Following a room over any number of connections: after each break from the place where it was, so that no event is
// missed or told twice; and where the server cannot prove that, it is said.
import { commands, connectionEvents, envelope, wireError, type Envelope, type WireError } from '@roomcast/protocol';
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { CommandFailed } from './command.js';
import { noServer, type ServerAccess } from './server-access.js';

const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;
const RETRY_AT_MOST_MS = 5_000;

interface Deps {
  access: ServerAccess;
  room: string;
  /** Events after this offset come first; undefined: only what comes from now on. */
  after: number | undefined;
  /** Told of every event, in order. @returns false when it was the last one that is wanted */
  onEvent: (event: Envelope) => boolean;
  /** Told, in a sentence, of what happens to the connection. */
  note: (line: string) => void;
}

/**
 * Follows a room until `onEvent` has had enough.
 * @throws CommandFailed when the server refuses, cannot be reached at first, or takes the room away
 */
export async function followRoom(deps: Deps): Promise<void> {
  const follower = new RoomFollower(deps);
  try {
    await follower.ended;
  } finally {
    follower.close();
  }
}

/** As `subscribe` takes it. */
interface Place {
  offset?: number | undefined;
  epoch?: string | undefined;
  last_id?: string | undefined;
}

class RoomFollower {
  /** Rejects with what makes it impossible to go on. */
  readonly ended: Promise<void>;

  private readonly socket: Socket;
  private place: Place;
  private listening = false;
  private retry: NodeJS.Timeout | undefined;
  private end = () => {};
  private fail: (error: unknown) => void = () => {};

  constructor(private readonly deps: Deps) {
    this.place = { offset: deps.after };
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
    this.socket = io(deps.access.url, {
      auth: (use) => void deps.access.token().then((token) => use({ token }), this.fail),
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: RETRY_MS,
      reconnectionDelayMax: RETRY_AT_MOST_MS,
    });
    this.socket.on('connect', () => this.subscribe());
    this.socket.on('connect_error', (error) => this.notConnected(error));
    this.socket.on('disconnect', (reason) => this.disconnected(reason));
    this.socket.onAny((_name: string, message: unknown) => this.take(message));
  }

  close(): void {
    clearTimeout(this.retry);
    this.socket.offAny();
    this.socket.removeAllListeners();
    this.socket.disconnect();
  }

  // The answer is taken in a callback: what stands behind an await would run after events that came with the answer.
  private subscribe(): void {
    const request = { room: this.deps.room, ...this.place };
    this.socket.timeout(ANSWER_MS).emit('subscribe', request, (late: Error | null, answer: unknown) => {
      if (late) return this.connectAgain();
      const refused = refusal.safeParse(answer);
      if (!refused.success) return this.subscribed(answer);
      if (this.mayTryAgain(refused.data.error)) this.connectAgain();
    });
  }

  private subscribed(answer: unknown): void {
    const parsed = commands.subscribe.ack.safeParse(answer);
    if (!parsed.success)
      return this.fail(new CommandFailed(`${this.deps.access.url} does not answer as roomcast does`));
    const { offset, epoch, last_id, recovered, reason = 'unknown' } = parsed.data;
    if (!recovered) this.noteGap(reason);
    this.place = { offset, epoch, last_id };
    this.deps.note(`${this.deps.room}: ${this.listening ? 'going on' : 'listening'} after offset ${offset}`);
    this.listening = true;
  }

  private take(message: unknown): void {
    const event = envelope.safeParse(message);
    if (event.success && event.data.rooms.includes(this.deps.room)) return this.takeEvent(event.data);
    const told = connectionMessage.safeParse(message);
    if (told.success) this.takeMessage(told.data);
  }

  private takeEvent(event: Envelope): void {
    if (event.offset !== undefined) this.place = { ...this.place, offset: event.offset, last_id: event.id };
    if (!this.deps.onEvent(event)) this.end();
  }

  private takeMessage(message: z.output<typeof connectionMessage>): void {
    const { room } = this.deps;
    if (message.event === 'room.reset' && message.data.rooms.includes(room)) {
      const { offset, epoch, last_id, reason } = message.data;
      this.noteGap(reason);
      this.place = { offset, epoch, last_id };
    }
    if (message.event === 'room.revoked' && message.data.room === room) {
      this.fail(new CommandFailed(`${room} is not open any more (${message.data.reason})`));
    }
    if (message.event === 'auth.expiring') {
      this.deps.access.token().then((token) => this.socket.emit('auth.refresh', { token }), this.fail);
    }
  }

  private notConnected(error: Error): void {
    const refused = z.object({ data: wireError }).safeParse(error);
    if (!refused.success) {
      if (!this.listening) this.fail(noServer(this.deps.access, reasonOf(error)));
    } else if (this.mayTryAgain(refused.data.data)) {
      this.retry = setTimeout(() => this.socket.connect(), refused.data.data.retry_after_ms ?? RETRY_MS);
    }
  }

  private disconnected(reason: string): void {
    if (reason === 'io server disconnect') this.fail(new CommandFailed('The server has ended the connection for good'));
    else this.deps.note(`The connection was lost (${reason}); connecting again`);
  }

  private mayTryAgain({ code, message, retryable }: WireError): boolean {
    const may = retryable && code !== 'token_expired';
    if (may) this.deps.note(`${message} (${code}); trying again`);
    else this.fail(new CommandFailed(`${message} (${code})`));
    return may;
  }

  /** The transport ends, so that a new connection is made, which asks from the same place. */
  private connectAgain(): void {
    if (this.socket.connected) this.socket.io.engine.close();
  }

  private noteGap(reason: string): void {
    this.deps.note(`Events after offset ${this.place.offset ?? 0} may be missing (${reason})`);
  }
}

const refusal = z.object({ status: z.literal('error'), error: wireError });

const connectionMessage = z.discriminatedUnion('event', [
  z.object({ event: z.literal('room.reset'), data: connectionEvents['room.reset'] }),
  z.object({ event: z.literal('room.revoked'), data: connectionEvents['room.revoked'] }),
  z.object({ event: z.literal('auth.expiring'), data: connectionEvents['auth.expiring'] }),
]);

/** Why the transport failed, as far as it says. */
function reasonOf(error: Error): string {
  const reason = z.object({ description: z.object({ error: z.object({ code: z.string() }) }) }).safeParse(error);
  return reason.success ? reason.data.description.error.code : error.message;
}
