// roomcast tail against the real server: what it promises is what a client gets that keeps its position.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import type { Program } from '../support/program.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { testToken } from '../support/tokens.js';
import { roomcast, run } from './command.js';

let database: TestDatabase;
let server: ServerProcess;
let tenant: string;
let admin: Caller;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: database.env });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});
beforeEach(() => {
  tenant = randomUUID();
  admin = callerAt(server.url, { user: 'root', tenant, roles: ['admin'] });
});

const tail = (...args: string[]) => roomcast(['tail', ...args, '--url', server.url, '--tenant', tenant]);
const told = (command: Program) =>
  command.printed().map((line) => {
    const [offset, , event, data] = line.split('\t');
    return [Number(offset), event, JSON.parse(data ?? '')] as [number, string, { result?: unknown }];
  });

async function emit(result: unknown): Promise<void> {
  const data = { project_id: '42', operation: 'matching', result };
  const body = { event: 'operation.completed', data, id: `result-${String(result)}` };
  await eventually(async () => expect([200, 201]).toContain((await admin.post('/events', body)).status), {
    withinMs: 60_000,
  });
}

describe('roomcast tail', () => {
  it('prints what the room had after an offset, then what it gets, and ends after so many', async () => {
    for (const result of [1, 2, 3]) await emit(result);
    const command = tail('project:42', '--after', '1', '--count', '3');
    await eventually(() => expect(command.printed()).toHaveLength(2));
    await emit(4);
    expect(await command.ended).toBe(0);
    expect(told(command).map(([offset, event, { result }]) => [offset, event, result])).toEqual([
      [2, 'operation.completed', 2],
      [3, 'operation.completed', 3],
      [4, 'operation.completed', 4],
    ]);
    expect(command.noted()).toBe('project:42: listening after offset 3\n');
  });

  it('begins with the next event when no offset is given, and prints envelopes when asked', async () => {
    await emit(1);
    const command = tail('project:42', '--json', '--count', '1');
    await eventually(() => expect(command.noted()).toContain('listening after offset 1'));
    await emit(2);
    expect(await command.ended).toBe(0);
    expect(JSON.parse(command.printed().join())).toMatchObject({
      event: 'operation.completed',
      rooms: ['project:42'],
      stream: 'tenant',
      offset: 2,
      data: { result: 2 },
    });
  });

  it('P4: misses and repeats nothing when the server is killed and started again', async () => {
    const results = Array.from({ length: 60 }, (_, index) => index);
    const command = tail('project:42', '--after', '0', '--count', String(results.length));
    await eventually(() => expect(command.noted()).toContain('listening'));
    const emitted = (async () => {
      for (const result of results) await emit(result);
    })();
    await eventually(() => expect(command.printed().length).toBeGreaterThan(10));
    await server.kill();
    await server.start();
    await emitted;
    expect(await command.ended).toBe(0);
    expect(told(command).map(([offset]) => offset)).toEqual(results.map((result) => result + 1));
    expect(told(command).map(([, , { result }]) => result)).toEqual(results);
    expect(command.noted()).toContain('The connection was lost');
    expect(command.noted()).not.toContain('may be missing');
  }, 120_000);

  it('says that events may be missing where the log cannot prove the opposite', async () => {
    await emit(1);
    const command = tail('project:42', '--after', '7');
    await eventually(() => expect(command.noted()).toContain('listening after offset 1'));
    expect(command.noted()).toContain('Events after offset 7 may be missing (future_offset)');
    await command.stop();
  });

  it('ends when the room does, after its last event', async () => {
    await admin.post('/projects', { id: '42', name: 'Atlas' });
    const command = tail('project:42', '--after', '0');
    await eventually(() => expect(command.noted()).toContain('listening'));
    await admin.delete('/projects/42');
    expect(await command.ended).toBe(1);
    expect(told(command).map(([, event]) => event)).toEqual(['project.created', 'project.deleted']);
    expect(command.noted()).toContain('project:42 is not open any more (project.deleted)');
  });

  it('ends when its user is not let in any more', async () => {
    const token = testToken({ user: 'ada', tenant });
    const command = roomcast(['tail', 'user:ada', '--url', server.url], { ROOMCAST_TOKEN: token });
    await eventually(() => expect(command.noted()).toContain('listening'));
    await admin.patch('/users/ada', { active: false });
    expect(await command.ended).toBe(1);
    expect(command.noted()).toContain('user:ada is not open any more (deactivated)');
    const again = await run(['tail', 'user:ada', '--url', server.url], { ROOMCAST_TOKEN: token });
    expect(again).toMatchObject({ code: 1, noted: expect.stringMatching(/\(forbidden|unauthorized\)$/) });
  });

  it('says why it cannot begin', async () => {
    const refused = await run(['tail', 'user:ada', '--url', server.url]);
    expect(refused).toEqual({ code: 1, printed: [], noted: 'room: user:ada does not exist (not_found)' });
    const expired = testToken({ user: 'ada', expiresInSeconds: -60 });
    const late = await run(['tail', 'global', '--url', server.url, '--token', expired]);
    expect(late).toMatchObject({ code: 1, noted: expect.stringMatching(/\(token_expired\)$/) });
    const nobody = await run(['tail', 'global', '--url', 'http://127.0.0.1:9']);
    expect(nobody).toMatchObject({
      code: 1,
      noted: expect.stringContaining('No server answers at http://127.0.0.1:9'),
    });
  });
});
