// What comes over the wire is not trusted to have its form: one guard for each thing that the client takes apart. The
// schemas themselves stay with the server; they would be larger than the whole client.
import type { CommandName, ConnectionEvents, Envelope, Receipt, SubscribeAck, WireError } from '@roomcast/protocol';
import type { CommandAck } from './catalogue-types.js';
import { fromWire, RoomcastError } from './roomcast-error.js';

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

export function isEnvelope(value: unknown): value is Envelope {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    typeof value.event === 'string' &&
    Array.isArray(value.rooms) &&
    isObject(value.data)
  );
}

function isWireError(value: unknown): value is WireError {
  return isObject(value) && typeof value.code === 'string' && typeof value.message === 'string';
}

export function errorFromWire(value: unknown): RoomcastError {
  if (isWireError(value)) return fromWire(value);
  return new RoomcastError('internal', 'The server answered in a form that is not known', { cause: value });
}

/** What became of a command. An answer that is not a success is an error of the table. */
export type Outcome =
  | { readonly type: 'success'; readonly ack: Fields }
  | { readonly type: 'error'; readonly error: RoomcastError }
  /** No answer within the time, or the connection ended before: it is not known whether it was done. */
  | { readonly type: 'unanswered' };

export function outcomeOf(answer: { ack: unknown } | null): Outcome {
  if (!answer) return { type: 'unanswered' };
  const { ack } = answer;
  if (isObject(ack) && ack.status === 'success') return { type: 'success', ack };
  return { type: 'error', error: errorFromWire(isObject(ack) ? ack.error : ack) };
}

export type Entered = SubscribeAck & { status: 'success' };
export type SubscribeResult = Entered | { room: string; status: 'error'; error: WireError };

export function isSubscribeResult(value: unknown): value is SubscribeResult {
  if (!isObject(value)) return false;
  if (value.status === 'error') return isWireError(value.error);
  return isPlace(value) && typeof value.recovered === 'boolean' && typeof value.has_more === 'boolean';
}

/** The answer of `events.read`. */
export interface ReadPage {
  readonly events: Envelope[];
  readonly offset: number;
  readonly epoch: string;
  readonly last_id?: string;
  readonly has_more: boolean;
  readonly recovered: boolean;
  readonly reason?: string;
}

export function isReadPage(value: Fields): value is Fields & ReadPage {
  return isPlace(value) && Array.isArray(value.events) && value.events.every(isEnvelope);
}

/** A success has the form that the command's definition gives it: the server made it from the same one. */
export function isAckOf<Name extends CommandName>(_name: Name, ack: Fields): ack is Fields & CommandAck<Name> {
  return ack.status === 'success';
}

export function isReceipt(value: Fields): value is Fields & Receipt {
  return typeof value.id === 'string' && typeof value.duplicate === 'boolean';
}

function isPlace(value: Fields): boolean {
  return typeof value.stream === 'string' && typeof value.offset === 'number' && typeof value.epoch === 'string';
}

/** The events that the server tells one connection about itself, as far as the client acts on them. */
const connectionEvents = {
  'room.reset': isPlace,
  'room.revoked': (data: Fields) => typeof data.room === 'string',
  'auth.expiring': () => true,
  'auth.expired': () => true,
  'session.closing': () => true,
};

export function isConnectionEvent<Name extends keyof typeof connectionEvents>(
  expected: Name,
  name: string,
  payload: unknown,
): payload is { data: ConnectionEvents[Name] } {
  return name === expected && isObject(payload) && isObject(payload.data) && connectionEvents[expected](payload.data);
}
