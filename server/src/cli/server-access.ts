// Talking to a running server, as every command does that is about its data: the embedded database belongs to the
// server's process, so nobody reads or writes it from outside.
import { wireError } from '@roomcast/protocol';
import { z } from 'zod';
import { parseConfig } from '../config.js';
import type { Role } from '../identity/principal.js';
import { CommandFailed, UsageError, type CommandContext } from './command.js';
import { idOption } from './identity-options.js';
import { makeToken } from './own-token.js';

/** The options of every command that talks to a server. */
export const accessOptions = {
  url: { type: 'string' },
  token: { type: 'string' },
  tenant: { type: 'string' },
} as const;

/** What those options mean, for the command's usage. */
export const accessUsage = `  --url <url>        the server; left out: that of HOST and PORT, which is http://127.0.0.1:8000
  --token <token>    a token or API key to come with, better handed over in ROOMCAST_TOKEN;
                     left out: one is made with JWT_SECRET, or with the development secret in DATA_DIR
  --tenant <id>      the tenant of the token that is made; left out: default`;

/** Who a token is made for when none is given; it lasts as long as a command may take. */
const OWN_USER = 'roomcast-cli';
const OWN_TTL_SECONDS = 300;

/** Where the server is, and what to come with. */
export interface ServerAccess {
  /** Without a slash at the end. */
  readonly url: string;
  /** A token or key that is good now: the one that was given, else one made for a few minutes. */
  readonly token: () => Promise<string>;
}

/**
 * @param options as parsed from `accessOptions`
 * @param roles what the command needs, for a token that is made
 * @throws UsageError, ConfigError
 */
export function serverAccess(
  options: { url?: string | undefined; token?: string | undefined; tenant?: string | undefined },
  roles: readonly Role[],
  { env }: CommandContext,
): ServerAccess {
  const url = serverUrl(options.url ?? ownUrl(env));
  const token = options.token ?? (env['ROOMCAST_TOKEN'] || undefined);
  const tenant = idOption('--tenant', options.tenant);
  if (token === undefined) return { url, token: () => ownToken(env, tenant, roles) };
  if (tenant !== undefined) throw new UsageError('--tenant has no effect on a token that is given: it names its own');
  return { url, token: async () => token };
}

function ownToken(env: CommandContext['env'], tenant: string | undefined, roles: readonly Role[]): Promise<string> {
  return makeToken(env, { user: OWN_USER, tenant, roles, ttlSeconds: OWN_TTL_SECONDS });
}

function serverUrl(url: string): string {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url holds "${url}"; it takes the http or https address of a server`);
  }
  return url.replace(/\/+$/, '');
}

function ownUrl(env: CommandContext['env']): string {
  const { host, port, tls } = parseConfig(env);
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}

/**
 * One request to the API.
 * @param path behind `/api/v1`
 * @param answer what a good answer holds
 * @throws CommandFailed when nobody answers, or with what the server complains about
 */
export async function callApi<Answer extends z.ZodType>(
  access: ServerAccess,
  { method, path, body, answer }: { method: 'GET' | 'POST' | 'DELETE'; path: string; body?: object; answer: Answer },
): Promise<z.output<Answer>> {
  const response = await request(access, method, path, body);
  const content = await contentOf(response);
  if (!response.ok) throw new CommandFailed(complaintOf(access, response, content));
  const parsed = answer.safeParse(content);
  if (!parsed.success) throw new CommandFailed(`${access.url} answered something else than a roomcast server does`);
  return parsed.data;
}

async function request(access: ServerAccess, method: string, path: string, body?: object): Promise<Response> {
  const json = body && { 'content-type': 'application/json' };
  const authorization = `Bearer ${await access.token()}`;
  try {
    return await fetch(`${access.url}/api/v1${path}`, {
      method,
      headers: { authorization, accept: 'application/json', ...json },
      ...(body && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw noServer(access, reasonOf(error));
  }
}

/** Nobody answers at the address. */
export function noServer({ url }: ServerAccess, reason: string): CommandFailed {
  return new CommandFailed(`No server answers at ${url} (${reason}); is it started, and is --url right?`);
}

/** What fetch throws says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const reason = z.object({ cause: z.object({ code: z.string().optional(), message: z.string() }) }).safeParse(error);
  return reason.success ? reason.data.cause.code || reason.data.cause.message : String(error);
}

/** The parsed body; undefined when it is empty or no JSON. */
async function contentOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problem = wireError.pick({ code: true, issues: true }).extend({ detail: z.string() });

function complaintOf({ url }: ServerAccess, { status }: Response, content: unknown): string {
  const parsed = problem.safeParse(content);
  if (!parsed.success) return `${url} answered ${status}, and not as a roomcast server does`;
  const { code, detail, issues = [] } = parsed.data;
  return [`${detail} (${code})`, ...issues.map(({ path, message }) => `  ${path}: ${message}`)].join('\n');
}
