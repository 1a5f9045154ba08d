// A Redis of one's own, on a free port, that keeps nothing, for one run of tests. As with PostgreSQL, a guard process
// waits at the end of a pipe and ends it when the pipe closes, so it can not outlive whoever started it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.mjs';
import { redisServer } from './requirements.mjs';

const WITHIN_MS = 10_000;
const SETTINGS = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/'];
const GUARD = 'port=$1; shift; "$@" --port "$port" & read -r _; kill -9 $!';

/**
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 * @throws when Redis is not installed or does not answer
 */
export async function startRedis() {
  const program = redisServer();
  if (!program) throw new Error('Redis is not installed');
  const port = await freePort();
  const args = ['-c', GUARD, 'guard', String(port), program, ...SETTINGS];
  // A session of its own keeps it alive through a Ctrl-C, which goes to the whole group of the terminal.
  const guard = spawn('sh', args, { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  guard.stdin.unref();
  const stop = () => endGuard(guard);
  const giveUpAt = Date.now() + WITHIN_MS;
  while (!(await answers(port))) {
    if (Date.now() > giveUpAt) {
      await stop();
      throw new Error(`Redis did not answer on port ${port} within ${WITHIN_MS} ms`);
    }
    await pause(20);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => settle(data.toString().startsWith('+PONG')));
    socket.once('error', () => settle(false));
    const settle = (answered) => {
      socket.destroy();
      resolve(answered);
    };
  });
}

async function endGuard(guard) {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  const exited = once(guard, 'exit');
  guard.ref();
  guard.stdin.end();
  await exited;
}
