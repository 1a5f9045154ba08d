// The log: one JSON line an entry, on which no token, key or password can stand. Fields that carry secrets are cut by
// their name, and every finished line is searched for what looks like one, whatever field or message brought it.
import { pino, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.js';

export type { Logger };

const CUT = '[cut]';

const secretFields = ['authorization', 'cookie', 'token', 'password', 'secret', 'api_key', 'apiKey'];
const secretPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/**
 * What stays of each is its first group. Every form reads a line once: lines hold what strangers have sent, so a form
 * that could be made to read them again and again would let anybody stop the process.
 */
const secretForms = [
  // A JWT.
  /()(?<![\w-])ey[\w-]{8,}\.[\w-]*\.[\w-]*/g,
  // An API key.
  /(\brc_)[\w-]{20,}/g,
  // A header.
  /(\bBearer\s{1,9})[^\s"\\,]+/gi,
  // A token in a query.
  /([?&](?:access_)?token=)[^&\s"'\\#]+/gi,
  // A password in an address.
  /(\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s:/?#"@]{0,256}:)[^\s/?#"]+(?=@)/gi,
  // A field in JSON, also in JSON that stands in a string.
  /("(?:authorization|cookie|token|password|secret|api_?key)\\*":\s{0,9}\\*")[^"\\]+/gi,
];

/** The text without anything that looks like a token, key or password. */
export function withoutSecrets(text: string): string {
  return secretForms.reduce((line, form) => line.replace(form, `$1${CUT}`), text);
}

/**
 * @param level `silent` logs nothing
 * @param destination where the lines go; standard output when left out
 */
export function createLogger(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: CUT },
    hooks: { streamWrite: withoutSecrets },
  };
  return destination ? pino(options, destination) : pino(options);
}
