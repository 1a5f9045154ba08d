// The server as a command, for installations that have the program and not the repository.
import { defineCliCommand, UsageError } from './command.js';

export const command = defineCliCommand({
  summary: 'Starts the server',
  usage: `roomcast start

All settings come from the environment (HOST, PORT, DATA_DIR, DATABASE_URL, JWT_SECRET and so on).`,
  options: {},
  async run({ positionals }, { start }) {
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" belongs to no option`);
    await start();
  },
});
