// API keys of a running server, by way of its API.
import { z } from 'zod';
import { defineCliCommand, UsageError, type CommandContext } from './command.js';
import { secondsOf } from './duration.js';
import { idOption, required, rolesOption } from './identity-options.js';
import { accessOptions, accessUsage, callApi, serverAccess, type ServerAccess } from './server-access.js';

const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  created_at: z.string(),
  expires_at: z.string().nullish(),
  revoked_at: z.string().nullish(),
});
type ApiKey = z.output<typeof apiKey>;

const apiKeyPage = z.object({ items: z.array(apiKey), next_cursor: z.string().nullish() });

interface Values {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly roles?: string | undefined;
  readonly ttl?: string | undefined;
}

export const command = defineCliCommand({
  summary: 'Makes, lists and revokes API keys of a running server',
  usage: `roomcast api-key create --name <name> [--roles <roles>] [--ttl <duration>] [--id <id>] [options]
roomcast api-key list [options]
roomcast api-key revoke <id> [options]

  --name <name>      what the key is for
  --roles <roles>    admin, publisher, or both with a comma; left out: none
  --ttl <duration>   how long it lasts: 12h, 30d; left out: until it is revoked
  --id <id>          the key's id; left out: the server chooses one
${accessUsage}

create prints the key, which is shown this one time.`,
  options: {
    ...accessOptions,
    id: { type: 'string' },
    name: { type: 'string' },
    roles: { type: 'string' },
    ttl: { type: 'string' },
  },
  async run({ values, positionals: [action, ...rest] }, context) {
    const run = actionOf(action, rest, values);
    await run(serverAccess(values, ['admin'], context), context);
  },
});

type Action = (access: ServerAccess, context: CommandContext) => Promise<void>;

function actionOf(action: string | undefined, rest: readonly string[], values: Values): Action {
  const [id, ...more] = rest;
  const surplus = action === 'revoke' ? more : rest;
  if (surplus.length > 0) throw new UsageError(`"${surplus.join(' ')}" belongs to no option`);
  if (action === 'create') return create(newKey(values));
  if (action === 'list') return list;
  if (action === 'revoke') return revoke(required('the id of the key', idOption('the id of the key', id)));
  throw new UsageError(
    action === undefined ? 'create, list or revoke is needed' : `"${action}" is not create, list or revoke`,
  );
}

function newKey({ id, name, roles, ttl }: Values) {
  return {
    id: idOption('--id', id),
    name: required('--name', name),
    roles: rolesOption(roles),
    expires_at: ttl === undefined ? undefined : new Date(Date.now() + secondsOf(ttl) * 1_000).toISOString(),
  };
}

function create(body: ReturnType<typeof newKey>): Action {
  return async (access, { print, note }) => {
    const answer = z.object({ id: z.string(), key: z.string() });
    const made = await callApi(access, { method: 'POST', path: '/api-keys', body, answer });
    note(`The key ${made.id} is shown this one time:`);
    print(made.key);
  };
}

const list: Action = async (access, { print }) => {
  let cursor: string | null | undefined;
  do {
    const query = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const path = `/api-keys?limit=200${query}`;
    const page: z.output<typeof apiKeyPage> = await callApi(access, { method: 'GET', path, answer: apiKeyPage });
    for (const key of page.items) print(lineOf(key));
    cursor = page.next_cursor;
  } while (cursor);
};

function lineOf({ id, name, roles, created_at, expires_at, revoked_at }: ApiKey): string {
  const ends = revoked_at ? `revoked ${revoked_at}` : expires_at ? `until ${expires_at}` : 'no end';
  return [id, name, roles.join(',') || '-', `made ${created_at}`, ends].join('\t');
}

function revoke(id: string): Action {
  return async (access, { note }) => {
    await callApi(access, { method: 'DELETE', path: `/api-keys/${id}`, answer: z.unknown() });
    note(`The key ${id} is revoked.`);
  };
}
