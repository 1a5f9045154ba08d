// What agents have said, as clients hear it.
import type { Heard, PlainClient } from './plain-client.js';

export type Said = Record<string, unknown>;

/** Messages of agents, in the order in which they came. */
export function answersOf({ heard }: Pick<PlainClient, 'heard'>): Said[] {
  return messagesOf(heard).filter(({ role }) => role === 'agent');
}

function messagesOf(heard: readonly Heard[]): Said[] {
  return heard.filter(({ event }) => event === 'message.created').map(({ data }) => data.message as Said);
}

/** Pieces of answers in the making. */
export function deltasOf({ heard }: Pick<PlainClient, 'heard'>): Heard[] {
  return heard.filter(({ event }) => event === 'message.delta');
}
