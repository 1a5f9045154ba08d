// Takes the lock of a directory when told to on its input, says how that went, and keeps it until it is killed.
import { once } from 'node:events';
import { setInterval } from 'node:timers';
import { lockDirectory } from '../../../dist/storage/embedded/directory-lock.js';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
try {
  await lockDirectory(process.argv[2]);
  process.stdout.write('locked\n');
} catch (error) {
  process.stdout.write(`${error.name}: ${error.message}\n`);
}
setInterval(() => undefined, 60_000);
