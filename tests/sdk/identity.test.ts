// Tokens that end, rights that are taken away, logs that begin anew: what an application using the client is told.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenPurpose } from '@roomcast/client';
import { run } from '../cli/command.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';
import { testToken } from '../support/tokens.js';
import { fact, numbersIn, openSdkClient } from './sdk-client.js';

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, DRAIN_SECONDS: '1' } });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** Gives a token that lives for each number of seconds in turn. */
function tokens(...lives: number[]) {
  const purposes: TokenPurpose[] = [];
  const getToken = (purpose: TokenPurpose) => {
    purposes.push(purpose);
    return testToken({ user: 'ada', expiresInSeconds: lives[Math.min(purposes.length, lives.length) - 1] });
  };
  return { purposes, getToken };
}

describe('a token', () => {
  it('that ends soon is renewed on the live connection', async () => {
    const { purposes, getToken } = tokens(20, 3600);
    const { client, errors } = openSdkClient(server.url, '', { getToken });
    await client.room('global').subscribe();
    await eventually(() => expect(purposes).toEqual(['connect', 'expiring']));
    await client.command('debug:rooms', {});
    expect(client.status.getSnapshot().state).toBe('connected');
    expect(errors).toEqual([]);
  });

  it('that has expired is replaced before the client is let in', async () => {
    const { purposes, getToken } = tokens(-60, 3600);
    const { client } = openSdkClient(server.url, '', { getToken });
    await client.room('global').subscribe();
    expect(purposes).toEqual(['connect', 'expired']);
  });

  it('that is none closes the client', async () => {
    const { client } = openSdkClient(server.url, 'not a token');
    await expect(client.room('global').subscribe()).rejects.toMatchObject({ code: 'closed' });
    expect(client.status.getSnapshot()).toMatchObject({ reason: 'refused', error: { code: 'unauthorized' } });
  });

  it('of a user who is switched off meanwhile closes the client for good', async () => {
    const { bob, boss } = teamAt(server.url);
    const { client } = openSdkClient(server.url, bob.credential);
    await client.room('global').subscribe();
    await boss.patch('/users/bob', { active: false });
    await eventually(() => expect(client.status.getSnapshot()).toMatchObject({ state: 'closed', reason: 'kicked' }));
  });
});

describe('a room', () => {
  it('that ends is told, after its last event', async () => {
    const { ada } = teamAt(server.url);
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const { client } = openSdkClient(server.url, ada.credential);
    const room = client.room('project:42');
    const story: string[] = [];
    room.on('project.deleted', () => story.push('deleted'));
    room.onRevoked(({ error }) => story.push(error.code));
    await room.subscribe();
    await ada.delete('/projects/42');
    await eventually(() => expect(story).toEqual(['deleted', 'revoked']));
    await expect(room.subscribe()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of somebody else rejects who subscribes', async () => {
    const { client } = openSdkClient(server.url, teamAt(server.url).ada.credential);
    await expect(client.room('user:bob').subscribe()).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a log that begins anew', () => {
  it('is a reset, after which events go on', async () => {
    const { ada, bot } = teamAt(server.url);
    await ada.post('/projects', { id: '42', name: 'Atlas' });
    const { client, errors } = openSdkClient(server.url, ada.credential);
    const room = client.room('project:42');
    const reasons: string[] = [];
    room.onReset(async ({ reason }) => {
      const { body } = await ada.get('/projects/42');
      reasons.push(reason);
      return body.position as { offset: number; epoch: string };
    });
    const numbers = numbersIn(room);
    await room.subscribe();
    const writer = openSdkClient(server.url, bot.credential).client;
    await writer.emit('operation.completed', fact('42', 1));
    await eventually(() => expect(numbers).toEqual([1]));
    await server.stop();
    expect(await run(['epoch', 'bump'], database.env)).toMatchObject({ code: 0 });
    await server.start();
    await eventually(() => expect(reasons).toEqual(['epoch_changed']));
    await writer.emit('operation.completed', fact('42', 2));
    await eventually(() => expect(numbers).toEqual([1, 2]));
    expect(errors).toEqual([]);
  });
});
