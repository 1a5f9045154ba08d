/** Where the storage reports what an operator should know; a pino logger fits. */
type Log = (details: object, message: string) => void;

export interface StorageLogger {
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
}
