// Runs once before a run of tests: builds, so that a spawned server is today's code, and opens the door through which
// a test file asks for a service. A service starts when it is first asked for and serves the whole run: unit tests
// pay for no database. Temporary files of the whole run are in one folder, which goes with the run.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../../scripts/build.mjs';
import { startPostgres } from '../../../scripts/postgres.mjs';
import { startRedis } from '../../../scripts/redis.mjs';
import { ensureRequirement } from '../../../scripts/requirements.mjs';

// Each answers with what a test needs to reach it, and how to stop it if it runs.
const services = {
  async postgres() {
    ensureRequirement('postgres');
    if (process.env.TEST_DATABASE_URL) return { address: process.env.TEST_DATABASE_URL };
    const { url, stop } = await startPostgres();
    return { address: url, stop };
  },
  async redis() {
    ensureRequirement('redis');
    if (process.env.TEST_REDIS_URL) return { address: process.env.TEST_REDIS_URL };
    const { url, stop } = await startRedis();
    return { address: url, stop };
  },
  async python() {
    return { address: ensureRequirement('python') };
  },
  async nginx() {
    return { address: ensureRequirement('nginx') };
  },
};
const started = new Map();

export default async function globalSetup() {
  await build();
  const directory = temporaryDirectory();
  const door = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => door.once('listening', resolve));
  process.env.TEST_SERVICES_URL = `http://127.0.0.1:${door.address().port}`;
  globalThis.stopTestServices = async () => {
    door.close();
    for (const service of started.values()) await (await service.catch(() => undefined))?.stop?.();
    rmSync(directory, { recursive: true, force: true });
  };
}

// Open to all users, as PostgreSQL is run by another one.
function temporaryDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'roomcast-tests-'));
  chmodSync(directory, 0o1777);
  process.env.TMPDIR = directory;
  return directory;
}

async function answer(request, response) {
  const name = request.url.slice(1);
  response.setHeader('connection', 'close');
  try {
    if (!started.has(name)) started.set(name, services[name]());
    response.end((await started.get(name)).address);
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
}
