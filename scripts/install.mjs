// Makes node_modules match package-lock.json, and does nothing when it already does, so that starting twice is quick.
// npm's own record of what it installed (node_modules/.package-lock.json, written last) is compared with the lock:
// an install that was cut short, an edited lock and an install made by hand are all seen without a mark of our own.
// Only Node's built-ins here: this runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs what is missing with `npm ci`. Development packages that are there are never taken away: a tree that has
 * them is brought up to date with them.
 * @param {string} directory the folder with package.json and package-lock.json
 * @param {{ dev: boolean }} wanted whether development packages are needed
 * @throws when npm fails; npm has printed why
 */
export function ensureInstalled(directory, { dev }) {
  const locked = readPackages(join(directory, 'package-lock.json'));
  const installed = readPackages(join(directory, 'node_modules', '.package-lock.json'));
  if (!locked) throw new Error(`${join(directory, 'package-lock.json')} is missing`);
  const withDev = dev || hasDevPackages(installed);
  if (installed && isComplete(locked, installed, withDev)) return;
  const command = ['ci', '--no-audit', '--no-fund', ...(withDev ? ['--include=dev'] : ['--omit=dev'])];
  const { status } = spawnSync('npm', command, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`npm ${command.join(' ')} failed`);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const hasDevPackages = (installed) => Object.values(installed ?? {}).some((entry) => entry.dev);

// What is optional may be for another platform, and is then rightly absent.
function isComplete(locked, installed, withDev) {
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '' || entry.optional || (entry.dev && !withDev)) return true;
    const found = installed[path];
    return found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
  });
}
