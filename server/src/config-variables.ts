// Every variable of the environment that the platform reads: its form, its default, and the phrase that tells an
// operator what it takes. What the variables mean together is decided in config.ts.
import { createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import { ID_PATTERN } from '@roomcast/protocol';
import { z } from 'zod';

const MANY = 1_000_000_000;

/** For each variable what it takes, as a phrase after "it takes", and whether its value may never be shown. */
export const about = z.registry<{ takes: string; secret?: boolean }>();

function variable<Schema extends z.ZodType>(takes: string, schema: Schema): Schema {
  about.add(schema, { takes });
  return schema;
}

function secret<Schema extends z.ZodType>(takes: string, schema: Schema): Schema {
  about.add(schema, { takes, secret: true });
  return schema;
}

function oneOf<const Value extends string>(values: readonly [Value, ...Value[]], standard: NoInfer<Value>) {
  const schema = z.enum(values).prefault(standard as NoInfer<Value> & Value);
  return variable(`one of ${values.join(', ')}`, schema);
}

function digits(from: number, to: number) {
  return z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(from).max(to));
}

function whole(standard: number, [from, to]: [number, number], zero = '') {
  const takes = `a whole number from ${from} to ${to}${zero && ` (0: ${zero})`}`;
  return variable(takes, digits(from, to).default(standard));
}

const filled = z.string().regex(/\S/);
const httpUrl = z.url({ protocol: /^https?$/ });

/** The shape of the environment. */
export const environment = z.object({
  NODE_ENV: oneOf(['development', 'production', 'test'], 'development'),
  HOST: variable('a host name or an address to listen on', z.string().regex(/^\S+$/).default('127.0.0.1')),
  PORT: whole(8_000, [0, 65_535], 'any free one'),
  DATA_DIR: variable('a directory', filled.default('.data')),
  DATABASE_URL: secret('postgres://user:password@host/database', z.url({ protocol: /^postgres(ql)?$/ }).optional()),
  REDIS_URL: secret('redis://host:port or rediss://host:port', z.url({ protocol: /^rediss?$/ }).optional()),
  JWT_SECRET: secret('the secret that tokens are signed with (HS256)', filled.optional()),
  JWT_PUBLIC_KEY: secret(
    'a public key as PEM (RSA from 2048 bits, P-256, P-384, P-521 or Ed25519), with \\n for line ends if need be',
    z.string().transform(unescapeLines).refine(isPublicKey).optional(),
  ),
  JWT_JWKS_URL: variable('the http or https address of a JSON Web Key Set', httpUrl.optional()),
  JWT_TENANT_CLAIM: variable('the name of a claim', filled.default('tenant_id')),
  JWT_ISSUER: variable('the iss that every token must have', filled.optional()),
  JWT_AUDIENCE: variable('the aud that every token must have', filled.optional()),
  GITHUB_WEBHOOK_SECRET: secret(
    'secrets separated by commas, each as it is or as tenant=secret',
    z.string().transform(parseWebhookSecrets).refine(isSecretList).default([]),
  ),
  CORS_ORIGINS: variable(
    'origins separated by commas (https://app.example.com), or *',
    z.string().transform(entriesOf).refine(isOriginList).optional(),
  ),
  TLS_CERT_FILE: variable('a file with a certificate as PEM', filled.optional()),
  TLS_KEY_FILE: variable('a file with a private key as PEM', filled.optional()),
  TRUST_PROXY: variable(
    'true, false, a number of proxies, or their addresses separated by commas',
    z.string().transform(parseTrustProxy).refine(isTrustProxy).default(false),
  ),
  AI_BASE_URL: variable('the http or https address of an OpenAI-compatible endpoint', httpUrl.optional()),
  AI_API_KEY: secret('the key of that endpoint', filled.optional()),
  AI_MODEL: variable('the name of a model', filled.optional()),
  AI_TIMEOUT_SECONDS: whole(60, [1, 3_600]),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
  MAX_CONNECTIONS: whole(10_000, [1, MANY]),
  MAX_CONNECTIONS_PER_USER: whole(5, [0, MANY], 'no limit'),
  SESSION_MAX_CONNECTIONS_PER_USER: variable(`a whole number from 1 to ${MANY}`, digits(1, MANY).optional()),
  MAX_ROOMS_PER_CONNECTION: whole(100, [1, MANY]),
  MAX_FRAME_BYTES: whole(65_536, [1_024, 67_108_864]),
  MESSAGE_RATE: whole(10, [1, MANY]),
  COMMAND_RATE: whole(20, [1, MANY]),
  PUBLISH_RATE: whole(2_000, [0, MANY], 'no limit'),
  PING_INTERVAL_MS: whole(15_000, [100, 3_600_000]),
  PING_TIMEOUT_MS: whole(10_000, [100, 3_600_000]),
  RETENTION_DAYS: whole(7, [1, 36_500]),
  RETENTION_EVENTS: whole(100_000, [1, MANY]),
  DRAIN_SECONDS: whole(10, [0, 3_600]),
  WS_COMPRESSION: oneOf(['on', 'off'], 'off'),
});

export type Settings = z.output<typeof environment>;

function entriesOf(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

function unescapeLines(pem: string): string {
  return pem.replaceAll('\\n', '\n');
}

function isPublicKey(pem: string): boolean {
  if (pem.includes('PRIVATE KEY')) return false;
  try {
    const key = createPublicKey(pem);
    const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2_048;
    if (key.asymmetricKeyType === 'ec') return ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve);
    return key.asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

function isOriginList(entries: string[]): boolean {
  return entries.length > 0 && (entries.includes('*') ? entries.length === 1 : entries.every(isOrigin));
}

function isOrigin(entry: string): boolean {
  return /^https?:\/\//.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry;
}

// A secret in base64 ends in up to two `=`: what stands after the first one then is nothing or `=`, never a secret.
function parseWebhookSecrets(list: string): { tenant: string | null; secret: string }[] {
  return entriesOf(list).map((entry) => {
    const [, tenant, value] = /^([^=]*)=(?!=?$)(.*)$/.exec(entry) ?? [];
    return tenant === undefined || value === undefined ? { tenant: null, secret: entry } : { tenant, secret: value };
  });
}

function isSecretList(entries: { tenant: string | null; secret: string }[]): boolean {
  return entries.length > 0 && entries.every(({ tenant }) => tenant === null || ID_PATTERN.test(tenant));
}

function parseTrustProxy(value: string): boolean | number | string[] {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d+$/.test(value) ? Number(value) : entriesOf(value);
}

function isTrustProxy(value: boolean | number | string[]): boolean {
  return !Array.isArray(value) || (value.length > 0 && value.every(isProxy));
}

/** As Express takes it: an address, a network, or the name of some networks. */
function isProxy(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [address = '', size = '1', ...more] = entry.split('/');
  const bits = { 4: 32, 6: 128 }[isIP(address)];
  return bits !== undefined && more.length === 0 && /^[1-9]\d*$/.test(size) && Number(size) <= bits;
}
