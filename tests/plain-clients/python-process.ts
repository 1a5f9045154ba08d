// python3-socketio as a process: plain_client.py, what it says and a way to let it ask.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import type { Ack, Heard } from '../support/plain-client.js';
import { pythonWithClients } from '../support/services.js';

const SCRIPT = fileURLToPath(new URL('./plain_client.py', import.meta.url));

interface Line {
  kind: 'connected' | 'refused' | 'gave up' | 'answer' | 'acked' | 'event';
  what: Record<string, unknown> | null;
}

export interface PythonClient {
  said(kind: Line['kind']): Record<string, unknown>[];
  /** The logged events. */
  facts(): Heard[];
  ask(command: string, payload: object): Promise<Ack>;
  /** What it wrote to its standard error. */
  errors(): string;
  /** Lets it leave. @returns its exit code */
  close(): Promise<number | null>;
}

interface PythonOptions {
  token: string;
  namespace: string;
  transport: string;
  rooms: readonly string[];
}

const running = new Set<ChildProcessWithoutNullStreams>();

afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

export async function startPythonClient(url: string, options: PythonOptions): Promise<PythonClient> {
  const { token, namespace, transport, rooms } = options;
  const args = [SCRIPT, url, token, namespace, transport, ...rooms];
  const child = spawn(await pythonWithClients(), args, { stdio: 'pipe' });
  running.add(child);
  const closed = once(child, 'close').then(() => running.delete(child));
  const lines: Line[] = [];
  let errors = '';
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const said = (kind: Line['kind']) => lines.filter((line) => line.kind === kind).map(({ what }) => what ?? {});
  return {
    said,
    facts: () => (said('event') as unknown as Heard[]).filter(({ offset }) => offset !== undefined),
    async ask(command, payload) {
      const before = said('acked').length;
      child.stdin.write(`${JSON.stringify({ command, payload })}\n`);
      await eventually(() => said('acked').length > before);
      return said('acked')[before]!;
    },
    errors: () => errors,
    async close() {
      child.stdin.end();
      await closed;
      return child.exitCode;
    },
  };
}
