// What a watcher was told of one run.
import type { Heard, PlainClient } from '../support/plain-client.js';

const terminal = ['workflow.completed', 'workflow.failed', 'workflow.cancelled'];

export function told(client: PlainClient, id: unknown): Heard[] {
  return client.facts().filter(({ data }) => data.workflow_id === id);
}

export function endsOf(events: readonly Heard[]): Heard[] {
  return events.filter(({ event }) => terminal.includes(event));
}

/** The terminal events of a run; there must never be two. */
export function ends(client: PlainClient, id: unknown): Heard[] {
  return endsOf(told(client, id));
}

export function progressOf(client: PlainClient, id: unknown): Heard['data'][] {
  return told(client, id)
    .filter(({ event }) => event === 'workflow.progress')
    .map(({ data }) => data);
}
