// Bringing the schema up to date before a new version is started. Starting does the same: this is for those who want to
// see it happen, or let nobody but themselves change the schema.
import { defineCliCommand, UsageError } from './command.js';
import { nameOf, withStorage } from './own-storage.js';

export const command = defineCliCommand({
  summary: 'Brings the schema of the database up to date',
  usage: `roomcast migrate

The database is that of DATABASE_URL, else the embedded one in DATA_DIR, whose server must be stopped.
It is made where it is missing. Starting a server does the same.`,
  options: {},
  async run({ positionals }, { env, print }) {
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" belongs to no option`);
    await withStorage(env, (storage) => {
      for (const name of storage.migrated) print(name);
      const count = storage.migrated.length;
      print(`${count === 0 ? 'Nothing was missing' : `${count} applied`}: ${nameOf(storage, env)} is up to date.`);
    });
  },
});
