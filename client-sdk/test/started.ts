// A client of a fake server, quick to try again; both are gone after the test.
import { afterEach } from '@jest/globals';
import { createClient, type Client, type ClientOptions } from '@roomcast/client';
import { createFakeServer, type FakeServer, type FakeServerOptions } from '@roomcast/client/testing';

interface Started {
  server: FakeServer;
  client: Client;
  /** What was reported instead of thrown. */
  errors: unknown[];
}

const quick = { minMs: 10, maxMs: 40, spreadMs: 5, commandTimeoutMs: 300 };
const clients = new Set<Client>();

afterEach(() => {
  for (const client of clients) client.close();
  clients.clear();
});

export function start(options: Partial<ClientOptions> = {}, serverOptions: FakeServerOptions = {}): Started {
  const server = createFakeServer(serverOptions);
  return { server, ...join(server, options) };
}

/** One more client of a server. */
export function join(server: FakeServer, options: Partial<ClientOptions> = {}): { client: Client; errors: unknown[] } {
  const errors: unknown[] = [];
  const client = createClient({
    getToken: () => 'a token',
    openLink: server.openLink,
    onError: (error) => errors.push(error),
    ...options,
    timing: { ...quick, ...options.timing },
  });
  clients.add(client);
  return { client, errors };
}

export function project(id: string, status = 'active') {
  return { project_id: id, project_name: `Project ${id}`, status, changes: {} };
}

export function progress(workflowId: string, percent: number) {
  return {
    workflow_id: workflowId,
    status: 'running' as const,
    progress: percent,
    current_step: 'reading',
    total_steps: 3,
    logs: [],
  };
}

/** Emits `count` updates of project 42 to its room, numbered from `first`. */
export function update(server: FakeServer, first: number, count = 1): void {
  for (let number = first; number < first + count; number++) {
    server.emit('project.updated', project('42', String(number)), ['project:42']);
  }
}

/** The numbers of the updates, as a handler got them. */
export function numbersIn(room: ReturnType<Client['room']>): number[] {
  const numbers: number[] = [];
  room.on('project.updated', ({ data }) => numbers.push(Number(data.status)));
  return numbers;
}
