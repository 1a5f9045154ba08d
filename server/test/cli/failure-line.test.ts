import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { testDatabase } from '../../../tests/support/database.js';
import { testSecret } from '../../../tests/support/tokens.js';
import { failureLine } from '../../src/cli/failure-line.js';
import { loadOrCreateSecret } from '../../src/identity/development-secret.js';
import { createLogger } from '../../src/ops/logger.js';
import { createRoomcast } from '../../src/roomcast.js';
import { createStorage } from '../../src/storage/storage.js';

const thrownBy = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

function open(settings: { databaseUrl?: string; dataDir: string }) {
  return createStorage({ ...settings, entities: [], migrations: [], logger: createLogger('silent') });
}

describe('a failure that one line tells', () => {
  it('is a directory that is in use', async () => {
    const database = await testDatabase('embedded');
    const holder = await open(database);
    const line = failureLine(await thrownBy(open(database)));
    expect(line).toBe(`another roomcast (pid ${process.pid}) uses ${database.dataDir}`);
    await holder.close();
    await database.drop();
  });

  it('is a database server that is not there, does not let us in, or has no such database', async () => {
    const { databaseUrl = '', drop } = await testDatabase('postgres');
    const missing = new URL(databaseUrl);
    missing.pathname = '/missing';
    const dataDir = 'unused';
    expect(failureLine(await thrownBy(open({ databaseUrl: missing.href, dataDir })))).toBe(
      'DATABASE_URL cannot be used: database "missing" does not exist',
    );
    missing.username = 'nobody-there';
    expect(failureLine(await thrownBy(open({ databaseUrl: missing.href, dataDir })))).toMatch(
      /^DATABASE_URL cannot be used: .*"nobody-there"/,
    );
    missing.port = '9';
    expect(failureLine(await thrownBy(open({ databaseUrl: missing.href, dataDir })))).toMatch(
      /unavailable.*ECONNREFUSED/,
    );
    await drop();
  });

  it('is an address that cannot be listened on', async () => {
    const server = createServer();
    const failed = new Promise((resolve) => server.once('error', resolve));
    server.listen(0, '192.0.2.1');
    expect(failureLine(await failed)).toMatch(/^HOST and PORT cannot be used: .*EADDRNOTAVAIL/);
  });

  it('is a name that leads to no address', async () => {
    const server = createServer();
    const failed = new Promise((resolve) => server.once('error', resolve));
    server.listen(0, 'nowhere.invalid');
    expect(failureLine(await failed)).toMatch(/^HOST and PORT cannot be used: .*nowhere\.invalid/);
  });

  it('is a directory that is none', async () => {
    const { dataDir, drop } = await testDatabase('embedded');
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    for (const directory of [file, join(file, 'in-it')]) {
      const line = `DATA_DIR cannot be used: .*${file}`;
      expect(failureLine(await thrownBy(open({ dataDir: directory })))).toMatch(new RegExp(`^${line}`));
      expect(failureLine(await thrownBy(loadOrCreateSecret(directory)))).toMatch(new RegExp(`^${line}`));
    }
    await drop();
  });

  it('is a certificate or a key that is none', async () => {
    const { env, drop } = await testDatabase();
    const [missing, wrong] = ['/missing/cert.pem', fileURLToPath(import.meta.url)];
    for (const [cert, why] of [
      [missing, 'ENOENT'],
      [wrong, 'PEM'],
    ]) {
      const settings = { ...env, JWT_SECRET: testSecret, PORT: '0', LOG_LEVEL: 'silent' };
      const roomcast = await createRoomcast({ settings: { ...settings, TLS_CERT_FILE: cert, TLS_KEY_FILE: wrong } });
      expect(failureLine(await thrownBy(roomcast.start()))).toMatch(
        new RegExp(`^TLS_CERT_FILE holds "${cert}" and TLS_KEY_FILE "${wrong}"; they take .*${why}`),
      );
      await roomcast.stop();
    }
    await drop();
  });

  it('is nothing that nobody has foreseen', () => {
    expect(failureLine(new TypeError('x is not a function'))).toBeNull();
    expect(failureLine('thrown')).toBeNull();
  });
});
