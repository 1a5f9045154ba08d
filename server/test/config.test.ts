import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { about, environment } from '../src/config-variables.js';
import { ConfigError, parseConfig } from '../src/config.js';

const SECRET = 'a secret of more than thirty-two bytes';
const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };

function complaint(env: Record<string, string>): string {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no complaint';
}

function publicKey(type: 'rsa' | 'ec' | 'ed25519', options: { modulusLength?: number; namedCurve?: string } = {}) {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: options.modulusLength ?? 2048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: options.namedCurve ?? 'prime256v1' })
        : generateKeyPairSync('ed25519');
  return {
    pem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

describe('defaults', () => {
  it('an empty environment is a development machine', () => {
    expect(parseConfig({})).toEqual({
      environment: 'development',
      production: false,
      host: '127.0.0.1',
      port: 8000,
      dataDir: '.data',
      databaseUrl: null,
      redisUrl: null,
      jwt: { keys: null, tenantClaim: 'tenant_id', issuer: null, audience: null },
      githubWebhookSecrets: [],
      corsOrigins: '*',
      tls: null,
      trustProxy: false,
      ai: null,
      agentSilenceMs: 60_000,
      logLevel: 'info',
      limits: {
        connections: 10_000,
        connectionsPerUser: 5,
        sessionConnectionsPerUser: null,
        roomsPerConnection: 100,
        frameBytes: 65_536,
        messageRate: 10,
        commandRate: 20,
        publishRate: 2_000,
      },
      pingIntervalMs: 15_000,
      pingTimeoutMs: 10_000,
      retention: { days: 7, eventsPerStream: 100_000 },
      drainSeconds: 10,
      wsCompression: false,
    });
  });

  it('an empty variable counts as unset, and variables of other programs are ignored', () => {
    expect(parseConfig({ PORT: '', JWT_SECRET: '', PATH: '/bin', LANG: undefined })).toEqual(parseConfig({}));
  });

  it('production allows no other origins unless they are named', () => {
    expect(parseConfig(production).corsOrigins).toEqual([]);
  });
});

describe('values', () => {
  it('each variable arrives where it belongs', () => {
    const config = parseConfig({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '0',
      DATA_DIR: '/var/lib/roomcast',
      DATABASE_URL: 'postgres://ada:pw@db/rooms',
      REDIS_URL: 'rediss://cache:6380',
      JWT_JWKS_URL: 'https://login.example.com/keys',
      JWT_TENANT_CLAIM: 'org_id',
      JWT_ISSUER: 'https://login.example.com/',
      JWT_AUDIENCE: 'rooms',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:5173,',
      TLS_CERT_FILE: 'cert.pem',
      TLS_KEY_FILE: 'key.pem',
      TRUST_PROXY: 'loopback, 10.0.0.0/8',
      AI_BASE_URL: 'http://models:8080/v1',
      AI_API_KEY: 'sk',
      AI_MODEL: 'small',
      AI_TIMEOUT_SECONDS: '7',
      LOG_LEVEL: 'debug',
      MAX_CONNECTIONS: '1',
      MAX_CONNECTIONS_PER_USER: '0',
      SESSION_MAX_CONNECTIONS_PER_USER: '3',
      MAX_ROOMS_PER_CONNECTION: '2',
      MAX_FRAME_BYTES: '2048',
      MESSAGE_RATE: '4',
      COMMAND_RATE: '5',
      PUBLISH_RATE: '0',
      PING_INTERVAL_MS: '600',
      PING_TIMEOUT_MS: '700',
      RETENTION_DAYS: '8',
      RETENTION_EVENTS: '9',
      DRAIN_SECONDS: '0',
      WS_COMPRESSION: 'on',
    });
    expect(config).toEqual({
      environment: 'production',
      production: true,
      host: '0.0.0.0',
      port: 0,
      dataDir: '/var/lib/roomcast',
      databaseUrl: 'postgres://ada:pw@db/rooms',
      redisUrl: 'rediss://cache:6380',
      jwt: {
        keys: { kind: 'jwks', url: 'https://login.example.com/keys' },
        tenantClaim: 'org_id',
        issuer: 'https://login.example.com/',
        audience: 'rooms',
      },
      githubWebhookSecrets: [],
      corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
      tls: { certFile: 'cert.pem', keyFile: 'key.pem' },
      trustProxy: ['loopback', '10.0.0.0/8'],
      ai: { baseUrl: 'http://models:8080/v1', apiKey: 'sk', model: 'small' },
      agentSilenceMs: 7_000,
      logLevel: 'debug',
      limits: {
        connections: 1,
        connectionsPerUser: null,
        sessionConnectionsPerUser: 3,
        roomsPerConnection: 2,
        frameBytes: 2048,
        messageRate: 4,
        commandRate: 5,
        publishRate: null,
      },
      pingIntervalMs: 600,
      pingTimeoutMs: 700,
      retention: { days: 8, eventsPerStream: 9 },
      drainSeconds: 0,
      wsCompression: true,
    });
  });

  it.each([
    ['true', true],
    ['false', false],
    ['2', 2],
    ['10.0.0.1', ['10.0.0.1']],
    ['uniquelocal, 10.0.0.0/8, ::1, fe80::/10', ['uniquelocal', '10.0.0.0/8', '::1', 'fe80::/10']],
  ])('TRUST_PROXY=%s is handed to Express as %j', (value, expected) => {
    expect(parseConfig({ TRUST_PROXY: value }).trustProxy).toEqual(expected);
  });

  it.each([
    ['rsa', {}],
    ['ec', { namedCurve: 'prime256v1' }],
    ['ec', { namedCurve: 'secp384r1' }],
    ['ec', { namedCurve: 'secp521r1' }],
    ['ed25519', {}],
  ] as const)('a public key of type %s %j is taken, with real line ends or written ones', (type, options) => {
    const { pem } = publicKey(type, options);
    expect(parseConfig({ JWT_PUBLIC_KEY: pem }).jwt.keys).toEqual({ kind: 'public_key', pem });
    expect(parseConfig({ JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') }).jwt.keys).toEqual({ kind: 'public_key', pem });
  });
});

describe('webhook secrets', () => {
  it('an entry is bare or names its tenant', () => {
    expect(parseConfig({ GITHUB_WEBHOOK_SECRET: 'old, new ,acme=theirs' }).githubWebhookSecrets).toEqual([
      { tenant: null, secret: 'old' },
      { tenant: null, secret: 'new' },
      { tenant: 'acme', secret: 'theirs' },
    ]);
  });

  it('the padding of base64 names no tenant, and a secret may hold the sign', () => {
    expect(parseConfig({ GITHUB_WEBHOOK_SECRET: 'c2VjcmV0cw==,YWJj=,acme=YWJj=' }).githubWebhookSecrets).toEqual([
      { tenant: null, secret: 'c2VjcmV0cw==' },
      { tenant: null, secret: 'YWJj=' },
      { tenant: 'acme', secret: 'YWJj=' },
    ]);
  });

  it('a bare secret stands for the tenant default in production', () => {
    expect(parseConfig({ ...production, GITHUB_WEBHOOK_SECRET: 'bare' }).githubWebhookSecrets).toEqual([
      { tenant: 'default', secret: 'bare' },
    ]);
  });

  it.each([',', ' , ', '=secret', 'two words=secret'])('%j is refused without being shown', (value) => {
    expect(complaint({ GITHUB_WEBHOOK_SECRET: value })).toBe(
      'GITHUB_WEBHOOK_SECRET holds a value that is not shown; it takes secrets separated by commas, each as it is or as tenant=secret',
    );
  });
});

describe('a wrong value stops the start with one line', () => {
  it.each([
    ['PORT', 'eighty', 'PORT holds "eighty"; it takes a whole number from 0 to 65535 (0: any free one)'],
    ['PORT', '65536', 'PORT holds "65536"; it takes a whole number from 0 to 65535 (0: any free one)'],
    ['PORT', '-1', 'PORT holds "-1"; it takes a whole number from 0 to 65535 (0: any free one)'],
    ['PORT', '80.5', 'PORT holds "80.5"; it takes a whole number from 0 to 65535 (0: any free one)'],
    ['MAX_CONNECTIONS', '0', 'MAX_CONNECTIONS holds "0"; it takes a whole number from 1 to 1000000000'],
    ['MESSAGE_RATE', '1e3', 'MESSAGE_RATE holds "1e3"; it takes a whole number from 1 to 1000000000'],
    ['NODE_ENV', 'prod', 'NODE_ENV holds "prod"; it takes one of development, production, test'],
    ['WS_COMPRESSION', 'yes', 'WS_COMPRESSION holds "yes"; it takes one of on, off'],
    [
      'JWT_JWKS_URL',
      'ftp://x',
      'JWT_JWKS_URL holds "ftp://x"; it takes the http or https address of a JSON Web Key Set',
    ],
    ['HOST', 'a b\nc', 'HOST holds "a b\\nc"; it takes a host name or an address to listen on'],
  ])('%s=%s', (name, value, line) => {
    expect(complaint({ [name]: value })).toBe(line);
  });

  it.each(['https://app.example.com/', 'app.example.com', '*,https://app.example.com', ',', 'null'])(
    'CORS_ORIGINS=%s is refused',
    (value) => {
      expect(complaint({ CORS_ORIGINS: value })).toMatch(/^CORS_ORIGINS holds ".*"; it takes origins/);
    },
  );

  it.each(['nginx', '10.0.0', '10.0.0.0/33', '10.0.0.0/0', '10.0.0.0/8/8', '::1/129', ',', '!'])(
    'TRUST_PROXY=%s is refused',
    (value) => {
      expect(complaint({ TRUST_PROXY: value })).toBe(
        `TRUST_PROXY holds "${value}"; it takes true, false, a number of proxies, or their addresses separated by commas`,
      );
    },
  );

  it.each(['DATABASE_URL', 'REDIS_URL'])('%s may hold a password and is not shown', (name) => {
    const line = complaint({ [name]: 'http://ada:hunter2@db' });
    expect(line).toContain(`${name} holds a value that is not shown; it takes`);
    expect(line).not.toContain('hunter2');
  });

  it('a public key that is none, too short, of another curve or private is refused', () => {
    const refused = /^JWT_PUBLIC_KEY holds .*; it takes a public key as PEM/;
    expect(complaint({ JWT_PUBLIC_KEY: 'no key' })).toMatch(refused);
    expect(complaint({ JWT_PUBLIC_KEY: publicKey('rsa', { modulusLength: 1024 }).pem })).toMatch(refused);
    expect(complaint({ JWT_PUBLIC_KEY: publicKey('ec', { namedCurve: 'secp256k1' }).pem })).toMatch(refused);
    const { privatePem } = publicKey('ed25519');
    const line = complaint({ JWT_PUBLIC_KEY: privatePem });
    expect(line).toMatch(refused);
    expect(line).not.toContain(privatePem.slice(40, 60));
  });

  it('every variable tells what it takes', () => {
    for (const [name, schema] of Object.entries(environment.shape)) {
      expect([name, about.get(schema)?.takes]).toEqual([name, expect.stringMatching(/\w/)]);
    }
  });
});

describe('settings that do not go together stop the start', () => {
  it.each([
    [{ REDIS_URL: 'redis://cache' }, /^REDIS_URL is set without DATABASE_URL/],
    [
      { JWT_SECRET: SECRET, JWT_JWKS_URL: 'https://a.example' },
      /^JWT_SECRET and JWT_JWKS_URL are set; exactly one of them is taken$/,
    ],
    [{ TLS_CERT_FILE: 'cert.pem' }, /^TLS_CERT_FILE and TLS_KEY_FILE go together/],
    [{ TLS_KEY_FILE: 'key.pem' }, /^TLS_CERT_FILE and TLS_KEY_FILE go together/],
    [{ AI_BASE_URL: 'http://models' }, /^AI_BASE_URL and AI_MODEL go together/],
    [{ AI_MODEL: 'small' }, /^AI_BASE_URL and AI_MODEL go together/],
    [{ AI_API_KEY: 'sk-1' }, /^AI_API_KEY is set without/],
  ])('%j', (env, line) => {
    expect(complaint(env)).toMatch(line);
  });
});

describe('production', () => {
  it('needs a setting that tokens are checked with', () => {
    expect(complaint({ NODE_ENV: 'production' })).toMatch(/JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL must be set/);
  });

  it('takes no secret under 32 bytes, counted in bytes and not shown', () => {
    expect(complaint({ NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(31) })).toBe(
      'JWT_SECRET holds 31 bytes; in production it takes at least 32',
    );
    expect(complaint({ NODE_ENV: 'production', JWT_SECRET: 'ä'.repeat(16) })).toBe('no complaint');
    expect(complaint({ JWT_SECRET: 'short' })).toBe('no complaint');
  });

  it('does not open to every origin', () => {
    expect(complaint({ ...production, CORS_ORIGINS: '*' })).toBe(
      'CORS_ORIGINS holds "*"; in production it takes origins separated by commas',
    );
    expect(complaint({ CORS_ORIGINS: '*' })).toBe('no complaint');
  });
});
