// Services that a run of tests shares. They are started by the run itself (tests/support/jest/global-setup.mjs) when a
// test first asks, and stopped at its end.
import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A database of one's own. `drop` ends the connections to it that are still open. */
export interface FreshDatabase {
  url: string;
  drop(): Promise<void>;
}

/** @returns the URL of a PostgreSQL server where databases may be created */
function postgresUrl(): Promise<string> {
  return askForService('postgres');
}

/** @returns a Python that can import socketio, with the packages its client needs, and websockets */
export function pythonWithClients(): Promise<string> {
  return askForService('python');
}

/** @returns the program nginx */
export function nginxProgram(): Promise<string> {
  return askForService('nginx');
}

/** @returns the URL of a Redis that the tests of this run share */
export function redisUrl(): Promise<string> {
  return askForService('redis');
}

/** Creates an empty database on the run's PostgreSQL. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const server = await postgresUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `create database ${name} template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => execute(server, `drop database ${name} with (force)`) };
}

async function askForService(name: string): Promise<string> {
  const door = process.env.TEST_SERVICES_URL;
  if (!door) throw new Error('Tests run under jest with the configuration of this repository');
  const response = await fetch(`${door}/${name}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
