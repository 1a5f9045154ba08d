// What an operator sets, parsed once. What cannot be used stops the start with one line that names the variable, what
// it holds (never a secret) and what it takes. The environment is handed in: nothing here reads the process.
import { Buffer } from 'node:buffer';
import { about, environment, type Settings } from './config-variables.js';

/** A setting that cannot be used. The message is one line for the operator and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Where the keys come from that tokens are checked with. */
export type JwtKeySource =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'public_key'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string };

/** What every token is held against, whatever its keys. */
export interface JwtClaimRules {
  /** The claim that names the tenant. */
  readonly tenantClaim: string;
  /** Null: any. */
  readonly issuer: string | null;
  /** Null: any. */
  readonly audience: string | null;
}

/** A secret of GitHub's webhook. `tenant: null`, which production does not have, stands for every tenant. */
export interface WebhookSecret {
  readonly tenant: string | null;
  readonly secret: string;
}

/** What one connection, user or node may use. */
export interface Limits {
  /** Live connections of this node. */
  readonly connections: number;
  /** Live connections of one user over all nodes; null: no limit. */
  readonly connectionsPerUser: number | null;
  /** Connections of one user to the socket of one session; null: no limit. */
  readonly sessionConnectionsPerUser: number | null;
  readonly roomsPerConnection: number;
  readonly frameBytes: number;
  /** Messages a second of one user. */
  readonly messageRate: number;
  /** Commands a second of one user. */
  readonly commandRate: number;
  /** Events a second of one publisher or key; null: no limit. */
  readonly publishRate: number | null;
}

/** The settings of one process. A number's unit stands in its name; null means unset. */
export interface Config {
  readonly environment: Settings['NODE_ENV'];
  readonly production: boolean;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDir: string;
  /** Null: the embedded database under `dataDir`. */
  readonly databaseUrl: string | null;
  /** Null: this is the only node. */
  readonly redisUrl: string | null;
  readonly jwt: JwtClaimRules & {
    /** Null, which production does not have: the secret that is made once and kept in `dataDir`. */
    readonly keys: JwtKeySource | null;
  };
  readonly githubWebhookSecrets: readonly WebhookSecret[];
  /** Origins of other sites that may call; `*`, which production does not have, stands for all. */
  readonly corsOrigins: '*' | readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** As Express takes it. */
  readonly trustProxy: boolean | number | string[];
  /** Null: the offline agent answers. */
  readonly ai: { readonly baseUrl: string; readonly apiKey: string | null; readonly model: string } | null;
  /** How long an agent may be silent before its answer is given up. */
  readonly agentSilenceMs: number;
  readonly logLevel: Settings['LOG_LEVEL'];
  readonly limits: Limits;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly retention: { readonly days: number; readonly eventsPerStream: number };
  readonly drainSeconds: number;
  readonly wsCompression: boolean;
}

/**
 * Parses the environment. An empty variable counts as unset; variables of other programs are ignored.
 * @throws ConfigError for the first variable, or the first group of variables, that cannot be used
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const settings = readSettings(env);
  const production = settings.NODE_ENV === 'production';
  checkPairs(settings);
  if (production) checkProduction(settings);
  return {
    environment: settings.NODE_ENV,
    production,
    host: settings.HOST,
    port: settings.PORT,
    dataDir: settings.DATA_DIR,
    databaseUrl: settings.DATABASE_URL ?? null,
    redisUrl: settings.REDIS_URL ?? null,
    jwt: {
      keys: keySource(settings),
      tenantClaim: settings.JWT_TENANT_CLAIM,
      issuer: settings.JWT_ISSUER ?? null,
      audience: settings.JWT_AUDIENCE ?? null,
    },
    githubWebhookSecrets: settings.GITHUB_WEBHOOK_SECRET.map(({ tenant, secret }) => ({
      tenant: tenant ?? (production ? 'default' : null),
      secret,
    })),
    corsOrigins: allowedOrigins(settings.CORS_ORIGINS, production),
    tls: tlsFiles(settings),
    trustProxy: settings.TRUST_PROXY,
    ai: aiEndpoint(settings),
    agentSilenceMs: settings.AI_TIMEOUT_SECONDS * 1000,
    logLevel: settings.LOG_LEVEL,
    limits: limitsOf(settings),
    pingIntervalMs: settings.PING_INTERVAL_MS,
    pingTimeoutMs: settings.PING_TIMEOUT_MS,
    retention: { days: settings.RETENTION_DAYS, eventsPerStream: settings.RETENTION_EVENTS },
    drainSeconds: settings.DRAIN_SECONDS,
    wsCompression: settings.WS_COMPRESSION === 'on',
  };
}

function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const filled = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = environment.safeParse(filled);
  if (result.success) return result.data;
  const name = String(result.error.issues[0]?.path[0]);
  const variable = Object.entries(environment.shape).find(([known]) => known === name)?.[1];
  const known = variable && about.get(variable);
  const held = known && !known.secret ? JSON.stringify(filled[name]) : 'a value that is not shown';
  throw new ConfigError(`${name} holds ${held}; it takes ${known?.takes ?? 'another value'}`);
}

const jwtVariables = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const;

function checkPairs(settings: Settings): void {
  const jwt = jwtVariables.filter((name) => settings[name] !== undefined);
  if (jwt.length > 1) throw new ConfigError(`${jwt.join(' and ')} are set; exactly one of them is taken`);
  if (settings.REDIS_URL && !settings.DATABASE_URL) {
    throw new ConfigError(
      'REDIS_URL is set without DATABASE_URL; several nodes need a database that all of them reach',
    );
  }
  if (!settings.TLS_CERT_FILE !== !settings.TLS_KEY_FILE) {
    throw new ConfigError('TLS_CERT_FILE and TLS_KEY_FILE go together; one of them is not set');
  }
  if (!settings.AI_BASE_URL !== !settings.AI_MODEL) {
    throw new ConfigError('AI_BASE_URL and AI_MODEL go together; one of them is not set');
  }
  if (settings.AI_API_KEY && !settings.AI_BASE_URL) {
    throw new ConfigError('AI_API_KEY is set without AI_BASE_URL and AI_MODEL, which name the endpoint that it is for');
  }
}

/** Bytes of an HS256 secret below which it can be guessed (RFC 7518 §3.2: as long as the hash). */
const SECRET_BYTES = 32;

function checkProduction(settings: Settings): void {
  if (!jwtVariables.some((name) => settings[name] !== undefined)) {
    throw new ConfigError('in production one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL must be set; none is');
  }
  const bytes = Buffer.byteLength(settings.JWT_SECRET ?? '');
  if (settings.JWT_SECRET && bytes < SECRET_BYTES) {
    throw new ConfigError(`JWT_SECRET holds ${bytes} bytes; in production it takes at least ${SECRET_BYTES}`);
  }
  if (settings.CORS_ORIGINS?.includes('*')) {
    throw new ConfigError('CORS_ORIGINS holds "*"; in production it takes origins separated by commas');
  }
}

function keySource(settings: Settings): JwtKeySource | null {
  if (settings.JWT_SECRET) return { kind: 'secret', secret: settings.JWT_SECRET };
  if (settings.JWT_PUBLIC_KEY) return { kind: 'public_key', pem: settings.JWT_PUBLIC_KEY };
  return settings.JWT_JWKS_URL ? { kind: 'jwks', url: settings.JWT_JWKS_URL } : null;
}

function allowedOrigins(origins: string[] | undefined, production: boolean): Config['corsOrigins'] {
  if (origins === undefined) return production ? [] : '*';
  return origins.includes('*') ? '*' : origins;
}

function tlsFiles({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Settings): Config['tls'] {
  return certFile && keyFile ? { certFile, keyFile } : null;
}

function aiEndpoint({ AI_BASE_URL: baseUrl, AI_API_KEY: apiKey, AI_MODEL: model }: Settings): Config['ai'] {
  return baseUrl && model ? { baseUrl, apiKey: apiKey ?? null, model } : null;
}

function limitsOf(settings: Settings): Limits {
  return {
    connections: settings.MAX_CONNECTIONS,
    connectionsPerUser: settings.MAX_CONNECTIONS_PER_USER || null,
    sessionConnectionsPerUser: settings.SESSION_MAX_CONNECTIONS_PER_USER ?? null,
    roomsPerConnection: settings.MAX_ROOMS_PER_CONNECTION,
    frameBytes: settings.MAX_FRAME_BYTES,
    messageRate: settings.MESSAGE_RATE,
    commandRate: settings.COMMAND_RATE,
    publishRate: settings.PUBLISH_RATE || null,
  };
}
