// What the tests need of the machine beyond Node: found if it is there, installed where that can be done without
// asking (root on Debian), else named in one error. Nothing is installed that is already present.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const requirements = {
  postgres: {
    find: () => process.env.TEST_DATABASE_URL ?? postgresBinaries(),
    packages: ['postgresql'],
    missing: 'PostgreSQL: set TEST_DATABASE_URL to a server where databases may be created, or install it',
  },
  redis: {
    find: () => process.env.TEST_REDIS_URL ?? redisServer(),
    packages: ['redis-server'],
    missing: 'Redis: set TEST_REDIS_URL to a server that tests may use, or install it',
  },
  python: {
    find: () => ['python3', '/usr/bin/python3'].find(knowsItsClients),
    packages: ['python3-socketio', 'python3-requests', 'python3-websocket', 'python3-websockets'],
    missing: "Python with python-socketio's client and websockets",
  },
  nginx: {
    find: () => inFolders([...path(), '/usr/sbin'], ['nginx'])?.concat('/nginx'),
    packages: ['nginx'],
    missing: 'nginx',
  },
};

/**
 * @param {keyof typeof requirements} name
 * @returns what was found: for postgres a database URL or the folder of its programs, for redis a URL or its program,
 * for python the interpreter, for
 * nginx the program
 * @throws one sentence that names what is missing and what to do
 */
export function ensureRequirement(name) {
  const { find, packages, missing } = requirements[name];
  const found = find() ?? (canInstall() && installPackages(packages) && find());
  if (!found) throw new Error(`The tests need ${missing} (Debian: ${packages.join(', ')}).`);
  return found;
}

/** The folder of PostgreSQL's programs: from PATH, else the newest in the distribution's folders. */
export function postgresBinaries() {
  const programs = ['initdb', 'pg_ctl', 'postgres'];
  const versioned = '/usr/lib/postgresql';
  const versions = existsSync(versioned) ? readdirSync(versioned).sort((a, b) => Number(b) - Number(a)) : [];
  return inFolders([...path(), ...versions.map((version) => join(versioned, version, 'bin'))], programs);
}

const path = () => (process.env.PATH ?? '').split(delimiter).filter(Boolean);

/** The first folder that has all of the programs. */
function inFolders(folders, programs) {
  return folders.find((folder) => programs.every((program) => existsSync(join(folder, program))));
}

/** Redis's program, from PATH. */
export function redisServer() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, 'redis-server')).find((program) => existsSync(program));
}

function knowsItsClients(python) {
  const modules = 'socketio, requests, websocket, websockets';
  return spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0;
}

const canInstall = () => process.getuid?.() === 0 && existsSync('/etc/debian_version');

let listsUpdated = false;

function installPackages(packages) {
  console.error(`Installing ${packages.join(', ')} …`);
  listsUpdated ||= apt('update');
  return apt('install', '--yes', '--no-install-recommends', ...packages);
}

function apt(...command) {
  // With this runlevel packages are installed without being started as services.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { status } = spawnSync('apt-get', ['-qq', ...command], { stdio: ['ignore', 2, 2], env });
  return status === 0;
}
