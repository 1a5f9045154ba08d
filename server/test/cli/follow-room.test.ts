// Following a room for longer than a token lasts, on the whole platform in this process.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../tests/support/database.js';
import { eventually } from '../../../tests/support/eventually.js';
import { followRoom } from '../../src/cli/follow-room.js';
import { signToken } from '../../src/identity/sign-token.js';
import { createRoomcast, type Roomcast } from '../../src/roomcast.js';

const secret = 'a secret of the tests';

let database: TestDatabase;
let platform: Roomcast;
let url: string;

beforeAll(async () => {
  database = await testDatabase();
  platform = await createRoomcast({
    settings: { ...database.env, JWT_SECRET: secret, PORT: '0', LOG_LEVEL: 'silent' },
  });
  url = await platform.start();
}, 60_000);
afterAll(async () => {
  await platform.stop();
  await database.drop();
});

const tokenFor = (ttlSeconds: number) => signToken(secret, platform.config.jwt, { user: 'cli', ttlSeconds });
const emit = (result: number) =>
  platform.broadcaster.emit('operation.completed', { project_id: '42', operation: 'matching', result });

describe('followRoom', () => {
  it('renews a token that ends, without a break', async () => {
    let made = 0;
    const token = async () => tokenFor(made++ === 0 ? 30 : 3_600);
    const notes: string[] = [];
    const results: unknown[] = [];
    const followed = followRoom({
      access: { url, token },
      room: 'project:42',
      after: undefined,
      onEvent: ({ data }) => results.push(data['result']) < 2,
      note: (line) => notes.push(line),
    });
    await eventually(() => expect(notes).toEqual(['project:42: listening after offset 0']));
    await emit(1);
    await eventually(() => expect(made).toBe(2));
    await emit(2);
    await followed;
    expect([results, notes.length]).toEqual([[1, 2], 1]);
  });

  it('ends with what keeps it from making a token', async () => {
    const access = { url, token: () => Promise.reject(new Error('no key')) };
    const following = followRoom({ access, room: 'global', after: 0, onEvent: () => true, note: () => undefined });
    await expect(following).rejects.toThrow('no key');
  });
});
