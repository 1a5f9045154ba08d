// The client as an application uses it, against a real server, quick to come back. What a test file leaves open is
// closed at its end.
import { afterAll } from '@jest/globals';
import { createClient, type Client, type ClientOptions, type Room } from '@roomcast/client';
import type { BuiltInCatalogue } from '@roomcast/protocol';

const clients = new Set<Client>();
afterAll(() => {
  for (const client of clients) client.close();
});

export interface SdkClient {
  readonly client: Client;
  /** What was reported instead of thrown. */
  readonly errors: unknown[];
}

export function openSdkClient(url: string, token: string, options: Partial<ClientOptions> = {}): SdkClient {
  const errors: unknown[] = [];
  const client = createClient({
    url,
    getToken: () => token,
    onError: (error) => errors.push(error),
    ...options,
    timing: { minMs: 50, maxMs: 500, ...options.timing },
  });
  clients.add(client);
  return { client, errors };
}

/** A fact with a number to know it by; it goes to the project's room only. */
export function fact(projectId: string, number: number) {
  return { project_id: projectId, operation: 'test', result: number };
}

/** The numbers of the facts, as a handler got them. */
export function numbersIn(room: Room<BuiltInCatalogue>): number[] {
  const numbers: number[] = [];
  room.on('operation.completed', ({ data }) => numbers.push(Number(data.result)));
  return numbers;
}

export function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
