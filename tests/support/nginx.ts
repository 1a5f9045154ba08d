// The real nginx, with the configuration of examples/nginx/ but for ports and timeouts, in front of a server.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.mjs';
import { eventually } from './eventually.js';
import { startProgram, type Program } from './program.js';
import { nginxProgram } from './services.js';
import { isReady } from './server-process.js';

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

const example = new URL('../../examples/nginx/roomcast.conf', import.meta.url);

/**
 * @param serverPort where the server listens
 * @param readTimeout how long a connection may be silent, as nginx has it (`2s`)
 */
export async function startNginx(serverPort: number, readTimeout: string): Promise<Nginx> {
  const directory = await mkdtemp(join(tmpdir(), 'roomcast-nginx-'));
  const port = await freePort();
  const replaced = [
    ['127.0.0.1:8000', `127.0.0.1:${String(serverPort)}`],
    ['listen 8080', `listen 127.0.0.1:${String(port)}`],
    ['proxy_read_timeout 60s', `proxy_read_timeout ${readTimeout}`],
  ] as const;
  let site = await readFile(example, 'utf8');
  for (const [shown, actual] of replaced) {
    if (!site.includes(shown)) throw new Error(`the example does not hold "${shown}" any more`);
    site = site.replace(shown, actual);
  }
  const file = join(directory, 'nginx.conf');
  await writeFile(join(directory, 'site.conf'), site);
  await writeFile(file, around(directory, process.getuid?.() === 0));
  const program = startProgram(await nginxProgram(), ['-p', directory, '-e', 'stderr', '-c', file]);
  const url = `http://127.0.0.1:${String(port)}`;
  await begun(program, url);
  return {
    url,
    async stop() {
      await program.stop();
    },
  };
}

function around(directory: string, isRoot: boolean): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    'daemon off;',
    ...(isRoot ? ['user root;'] : []),
    'worker_processes 1;',
    `pid ${directory}/nginx.pid;`,
    'error_log stderr warn;',
    'events {}',
    'http {',
    'access_log off;',
    ...temporary.map((name) => `${name}_temp_path ${directory}/${name};`),
    `include ${directory}/site.conf;`,
    '}',
  ].join('\n');
}

async function begun(program: Program, url: string): Promise<void> {
  try {
    await eventually(() => isReady(url));
  } catch (cause) {
    await program.stop();
    throw new Error(`nginx did not begin.\n${program.noted()}`, { cause });
  }
}
