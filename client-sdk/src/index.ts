// @roomcast/client: rooms of a roomcast server, in browsers and Node.
export { createClient, type Client, type ClientOptions, type EmitOptions, type Timing } from './client.js';
export { RoomcastError, type ClientErrorCode } from './roomcast-error.js';
export type {
  AnyEvent,
  Command,
  CommandAck,
  CommandPayload,
  EventInput,
  EventName,
  EventOf,
  RoomName,
} from './catalogue-types.js';
export type { CommandOptions } from './command-queue.js';
export type { StatusStore, TokenPurpose } from './connection.js';
export type { ClosedReason, ConnectionStatus } from './connection-state.js';
export type { Link, LinkAddress, LinkEvents, OpenLink } from './link.js';
export type { IterationOptions, Room, SubscribeOptions } from './room.js';
export type { Positions, Reset, ResetHandler, Revocation, RevokedHandler } from './rooms.js';
export type { StreamPosition } from './stream-position.js';
export type { BuiltInCatalogue, Catalogue, Envelope, Receipt } from '@roomcast/protocol';
