// A token to develop and try with.
import { defineCliCommand, UsageError } from './command.js';
import { secondsOf } from './duration.js';
import { idOption, required, rolesOption } from './identity-options.js';
import { makeToken } from './own-token.js';

export const command = defineCliCommand({
  summary: 'Makes a token for a user',
  usage: `roomcast token --user <id> [options]

  --user <id>        whose token it is
  --tenant <id>      the tenant; left out: default
  --name <name>      the user's name
  --roles <roles>    admin, publisher, or both with a comma; left out: none
  --ttl <duration>   how long it lasts: 90s, 15m, 12h, 30d or never; left out: 24h

It is signed with JWT_SECRET, or with the secret that a development server keeps in DATA_DIR.`,
  options: {
    user: { type: 'string' },
    tenant: { type: 'string' },
    name: { type: 'string' },
    roles: { type: 'string' },
    ttl: { type: 'string', default: '24h' },
  },
  async run({ values, positionals }, { env, print }) {
    if (positionals.length > 0) throw new UsageError(`"${positionals.join(' ')}" belongs to no option`);
    const { user, tenant, name, roles, ttl } = values;
    const token = {
      user: required('--user', idOption('--user', user)),
      tenant: idOption('--tenant', tenant),
      name,
      roles: rolesOption(roles),
      ttlSeconds: ttl === 'never' ? null : secondsOf(ttl),
    };
    print(await makeToken(env, token));
  },
});
