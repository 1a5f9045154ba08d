#!/usr/bin/env node
// The process: settings from the environment, signals, exit code. The only file, with cli.ts, that touches `process`.
import { failureLine } from './cli/failure-line.js';
import { makeToken } from './cli/own-token.js';
import { createRoomcast, type Roomcast } from './roomcast.js';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function introduce(roomcast: Roomcast, url: string): Promise<void> {
  print(`roomcast listens on ${url}`);
  print(`  Socket.IO  ${url} and ${url}/ws`);
  print(`  WebSocket  ${url.replace('http', 'ws')}/ws`);
  print(`  HTTP API   ${url}/api/v1, events as a stream at ${url}/api/v1/stream`);
  print(`  health     ${url}/health, ${url}/ready`);
  for (const notice of roomcast.notices) print(`  ${notice}`);
  const { production, jwt } = roomcast.config;
  if (production || (jwt.keys && jwt.keys.kind !== 'secret')) return;
  const developer = { user: 'dev', tenant: undefined, name: undefined, roles: ['admin'] as const, ttlSeconds: 86_400 };
  print('  a token of the user "dev", an admin, for a day (others: npx roomcast token --user NAME):');
  print(await makeToken(process.env, developer));
}

async function start(roomcast: Roomcast): Promise<void> {
  try {
    await introduce(roomcast, await roomcast.start());
  } catch (error) {
    await roomcast.stop();
    throw error;
  }
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${failureLine(error) ?? text}\n`);
  process.exitCode = 1;
}

/** Time for the last things where DRAIN_SECONDS leaves none. */
const LEAST_MS = 1_000;

/** What cannot be finished in time, a database that does not answer, is left: whatever was acknowledged is kept. */
function endInTime({ config }: Roomcast): void {
  const ms = Math.max(LEAST_MS, config.drainSeconds * 1_000);
  setTimeout(() => {
    process.stderr.write(`roomcast ended with something unfinished after ${ms} ms\n`);
    process.exit();
  }, ms).unref();
}

try {
  const roomcast = await createRoomcast({ settings: process.env });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    endInTime(roomcast);
    roomcast.stop().catch(fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await start(roomcast);
} catch (error) {
  fail(error);
}
