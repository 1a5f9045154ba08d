// The secret that a development machine signs tokens with: made at the first start, then always the same, so that the
// server, the command line and tomorrow's server agree on it.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config, JwtKeySource } from '../config.js';

const FILE = 'jwt-secret';
const SECRET_BYTES = 32;

/**
 * Reads the secret of a data directory, and makes directory and secret where they are missing.
 * Processes that start at once get the same one.
 * @returns 43 characters (256 bits in base64url), kept in a file that only its owner may read
 */
export async function loadOrCreateSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, FILE);
  return (await readSecret(path)) ?? (await createSecret(dataDir, path));
}

async function readSecret(path: string): Promise<string | null> {
  const content = await readFile(path, 'utf8').catch(unless('ENOENT'));
  if (content === null) return null;
  const secret = content.trim();
  if (secret.length < SECRET_BYTES) throw new Error(`${path} holds no secret; remove it to have a new one made`);
  if ((await stat(path)).mode & 0o077) await chmod(path, 0o600);
  return secret;
}

// A link fails where the name is taken: of several processes one wins, and nobody ever reads half a file.
async function createSecret(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
    const made = await link(draft, path).then(() => true, unless('EEXIST'));
    return made ? secret : await loadOrCreateSecret(dataDir);
  } finally {
    await file.close();
    await unlink(draft);
  }
}

/** For `catch`: null for the expected code, everything else is thrown on. */
function unless(code: string): (error: unknown) => null {
  return (error) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === code) return null;
    throw error;
  };
}

/**
 * The keys that tokens are checked with. A development machine that names none has a secret of its own.
 * @returns the same for every process with this configuration
 */
export async function jwtKeys({ jwt, dataDir }: Pick<Config, 'jwt' | 'dataDir'>): Promise<JwtKeySource> {
  return jwt.keys ?? { kind: 'secret', secret: await loadOrCreateSecret(dataDir) };
}
