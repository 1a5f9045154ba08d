// A new life of the log, for an operator who has restored the database: what clients remember of places in it may be
// of events that the restored one does not have.
import { createEventLog } from '../events/event-log.js';
import { defineCliCommand, UsageError } from './command.js';
import { nameOf, withStorage } from './own-storage.js';

export const command = defineCliCommand({
  summary: 'Begins a new epoch of the log, after a database was restored',
  usage: `roomcast epoch bump

Every client that is connected, or comes back with a place in the log, is told that its events have a gap, and loads
anew what it shows. Call it once after a restore, before the servers are started.

The database is that of DATABASE_URL, else the embedded one in DATA_DIR, whose server must be stopped.`,
  options: {},
  async run({ positionals: [action, ...rest] }, { env, print }) {
    if (action !== 'bump') throw new UsageError(action === undefined ? 'bump is needed' : `"${action}" is not bump`);
    if (rest.length > 0) throw new UsageError(`"${rest.join(' ')}" belongs to no option`);
    await withStorage(env, async (storage) => {
      const log = createEventLog(storage);
      const { epoch: ended } = await log.heads([]);
      await log.endEpoch(ended);
      const { epoch } = await log.heads([]);
      print(`The epoch ${ended} of ${nameOf(storage, env)} has ended; ${epoch} has begun.`);
    });
  },
});
