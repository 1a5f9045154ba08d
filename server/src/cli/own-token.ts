// Tokens made with the secret that the server of this directory checks tokens with.
import { parseConfig } from '../config.js';
import { jwtKeys } from '../identity/development-secret.js';
import { signToken, type NewToken } from '../identity/sign-token.js';
import { CommandFailed, type CommandContext } from './command.js';

/** @throws CommandFailed when tokens are made by somebody else, ConfigError when the settings cannot be used */
export async function makeToken(env: CommandContext['env'], token: NewToken): Promise<string> {
  const config = parseConfig(env);
  const keys = await jwtKeys(config);
  if (keys.kind === 'secret') return signToken(keys.secret, config.jwt, token);
  const setting = keys.kind === 'jwks' ? 'JWT_JWKS_URL' : 'JWT_PUBLIC_KEY';
  throw new CommandFailed(`${setting} is set: tokens are made by whoever holds the private key, not here`);
}
